import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { createChainReader } from '#chain/reader.ts'
import { leafBytes } from '#media/limits.ts'
import { multiaddrFromUrl } from '#network/address.ts'
import { startBlockServer } from '#network/block-server.ts'
import { DirectoryShelf } from '#network/directory-shelf.ts'
import { serveExchange } from '#network/exchange-server.ts'
import { Mailbox } from '#network/mailbox.ts'
import { createMessageNode } from '#network/node.ts'
import { ownerEarnedWei } from '#payments/purchase.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import type { ViewerEvent } from '#roles/viewer/api.ts'
import { createViewer } from '#roles/viewer/viewer.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Hash, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { actorOf, cmaf, payoutOf } from './chain-fixture.ts'
import { takeSnapshot } from './snapshot.ts'
import {
  buy,
  feeWei,
  filmBytes,
  forever,
  type HostTwist,
  openDiskHome,
  openPublisher,
  openTheatre,
  openViewer,
  readAll,
  type Stage,
  type StagedPublisher,
  type StagedViewer,
  signOrder,
  startStage,
} from './stage.ts'

const all = 10n * weiPerPti

/** A host whose store holds something else than the third leaf of the second segment, and of the fourth of the third. */
const tampering: HostTwist = {
  blocks: blocks => ({
    ...blocks,
    async get(cid) {
      const bytes = await blocks.get(cid)
      const isSpoilt = cid === (await leafCid('v720/2.m4s', 2)) || cid === (await leafCid('v720/3.m4s', 3))
      return isSpoilt ? bytes?.map(byte => byte ^ 1) : bytes
    },
  }),
}

const leafCid = async (path: string, leaf: number) => {
  const bytes = (await filmBytes(path)).subarray(leaf * leafBytes, (leaf + 1) * leafBytes)
  return cidFromDigest('raw', createHash('sha256').update(bytes).digest())
}

describe('with what is wrong from the start nothing is charged', () => {
  let stage: Stage
  let theatre: Awaited<ReturnType<typeof openTheatre>>
  let viewer: StagedViewer
  beforeAll(async () => {
    stage = await startStage()
    theatre = await openTheatre(stage)
    viewer = await openViewer(stage, 'viewer', openDiskHome(stage.folder, 'viewer'))
  })
  afterAll(() => stage.close())
  afterEach(async () => {
    expect(await stage.balance(viewer.actor.address)).toBe(all)
  })

  /** Does what must be refused with a code, and compares every folder and the chain before and after it. */
  const expectRefused = async (
    refused: () => Promise<unknown>,
    code: string,
    mayKeep: readonly string[] = [],
  ): Promise<void> => {
    const { publisher, hosts } = theatre
    const payouts = hosts.map(host => host.payout)
    const accounts = [viewer.actor.address, publisher.actor.address, ...payouts]
    const before = await takeSnapshot(stage, accounts)
    await expect(refused()).rejects.toMatchObject({ code })
    const after = await takeSnapshot(stage, accounts)
    for (const path of mayKeep) after.files[path] = before.files[path] ?? ''
    expect(after).toEqual(before)
  }
  /** An order that was mailed is kept: whoever has it could still open it, and the deposit must be found again. */
  const mailed = ['viewer.db']

  it('an unknown video', async () => {
    const unknown = hexFromBytes(randomSystem.bytes(32)) as Hash as VideoId
    await expectRefused(() => viewer.role.quote(unknown, cmaf, forever), 'video-unknown')
  })

  it('an unknown format', async () => {
    const { id } = theatre.video
    await expectRefused(() => viewer.role.quote(id, 'vinyl' as typeof cmaf, forever), 'format-unknown')
  })

  it('a price that was raised after the quote', async () => {
    const { publisher, video } = theatre
    const quote = await viewer.role.quote(video.id, cmaf, forever)
    const sold = video.formats[cmaf]
    if (sold === undefined) throw new Error('not sold')
    await publisher.writer.editVideo({ ...video, formats: { [cmaf]: { ...sold, price: sold.price + 1n } } })
    const { order, nodeKey } = signOrder(viewer, quote)
    await expectRefused(() => viewer.role.buy(quote, order, nodeKey, forever), 'terms-changed', mailed)
    await publisher.writer.editVideo(video)
  })

  it('an empty balance', async () => {
    const poor = await openViewer(stage, 'poor viewer', openDiskHome(stage.folder, 'poor viewer'))
    const quote = await poor.role.quote(theatre.video.id, cmaf, forever)
    const { order, nodeKey } = signOrder(poor, quote)
    await expectRefused(() => poor.role.buy(quote, order, nodeKey, forever), 'balance-too-low')
  })

  it('a signature of somebody else', async () => {
    const quote = await viewer.role.quote(theatre.video.id, cmaf, forever)
    const { order } = signOrder({ actor: { ...viewer.actor, secretKey: actorOf('thief').secretKey } }, quote)
    const { nodeKey } = signOrder(viewer, quote)
    await expectRefused(() => viewer.role.buy(quote, order, nodeKey, forever), 'signature-invalid')
    const thief = signOrder({ actor: { ...viewer.actor, secretKey: actorOf('thief').secretKey } }, quote)
    const buying = () => viewer.role.buy(quote, thief.order, thief.nodeKey, forever)
    await expectRefused(buying, 'signature-invalid', mailed)
  })

  it('a chain that cannot be reached', async () => {
    const node = await createMessageNode()
    const role = await createViewer({
      chainId: stage.chain.chainId,
      reader: createChainReader({ ...stage.chain, rpcUrl: 'http://127.0.0.1:9' }),
      node,
      ...openDiskHome(stage.folder, 'cut off viewer'),
      clock: clockSystem,
      random: randomSystem,
      crypto: cryptoNoble,
    })
    await expectRefused(() => role.quote(theatre.video.id, cmaf, forever), 'chain-unreachable')
    await role.shutdown()
    await node.stop()
  })
})

describe('with a host that', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('cannot be reached nothing is charged', async () => {
    const { viewer, hosts, video } = await openTheatre(stage)
    await hosts[0]?.stop()
    const before = await takeSnapshot(stage, [viewer.actor.address])
    await expect(viewer.role.quote(video.id, cmaf, forever)).rejects.toMatchObject({ code: 'no-hosts' })
    expect(await takeSnapshot(stage, [viewer.actor.address])).toEqual(before)
    expect(before.balances).toEqual([all])
  })

  it('sends a wrong block no byte of it is given on, signed for or paid', async () => {
    const { viewer, hosts, video, publisher } = await openTheatre(stage, [tampering])
    const events: ViewerEvent[] = []
    viewer.role.on(event => events.push(event))
    const { nonce, order } = await buy(viewer, video)
    const expected = await filmBytes('v720/2.m4s')
    const pieces: Uint8Array[] = []
    const { body } = await viewer.role.read(nonce, 'v720/2.m4s', undefined, forever)
    await expect(
      (async () => {
        for await (const piece of body) pieces.push(piece)
      })(),
    ).rejects.toMatchObject({ code: 'block-mismatch' })
    const read = Buffer.concat(pieces)
    expect(read.length).toBe(2 * leafBytes)
    expect(expected.subarray(0, read.length).equals(read)).toBe(true)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'host-error', host: hosts[0]?.node.publicKey }),
    )
    expect(viewer.role.meter(nonce).hosts[0]).toMatchObject({ banned: true })
    const viewerBytes = viewer.role.meter(nonce).verifiedBytes
    await expect(readAll(viewer, nonce, 'v720/3.m4s', undefined, forever)).rejects.toMatchObject({
      code: 'no-hosts',
    })
    await viewer.role.stop(nonce, forever)
    await hosts[0]?.stop()
    // What it sent right before the lie may go unpaid; the wrong leaf always does.
    const paidBytes = await stage.reader.paidBytes(nonce, 0)
    expect(paidBytes).toBeLessThanOrEqual(viewerBytes)
    expect(await stage.balance(hosts[0]?.payout ?? order.buyer)).toBe(BigInt(paidBytes) * feeWei)
    expect(await stage.balance(publisher.actor.address)).toBe(ownerEarnedWei(order.terms, paidBytes))
  })

  it('sends a wrong block another one takes over, and is paid for what it sent', async () => {
    const { viewer, hosts, video } = await openTheatre(stage, [tampering, {}])
    const { nonce, quote } = await buy(viewer, video)
    expect(quote.hosts.length).toBe(2)
    for (const path of ['v720/1.m4s', 'v720/2.m4s', 'a128/3.m4s']) {
      expect((await filmBytes(path)).equals(await readAll(viewer, nonce, path, undefined, forever))).toBe(
        true,
      )
    }
    const meter = viewer.role.meter(nonce)
    const liar = meter.hosts.find(({ key }) => key === hosts[0]?.node.publicKey)
    const honest = meter.hosts.find(({ key }) => key === hosts[1]?.node.publicKey)
    expect(liar?.banned).toBe(true)
    expect(honest).toMatchObject({ banned: false, failures: 0 })
    await viewer.role.stop(nonce, forever)
    await hosts[1]?.stop()
    expect(await stage.balance(hosts[1]?.payout ?? quote.store)).toBe(BigInt(honest?.bytes ?? 0) * feeWei)
  })

  it('dies in the middle another one takes over', async () => {
    const { viewer, hosts, video } = await openTheatre(stage, [{}, {}])
    const { nonce } = await buy(viewer, video)
    const { body } = await viewer.role.read(nonce, 'v720/1.m4s', undefined, forever)
    const pieces: Uint8Array[] = []
    for await (const piece of body) {
      if (pieces.length === 1) await hosts[0]?.stop()
      pieces.push(piece)
    }
    expect((await filmBytes('v720/1.m4s')).equals(Buffer.concat(pieces))).toBe(true)
    expect(
      (await filmBytes('v720/3.m4s')).equals(await readAll(viewer, nonce, 'v720/3.m4s', undefined, forever)),
    ).toBe(true)
  })

  it('asks for more than the fee nothing is paid to it', async () => {
    const publisher = await openPublisher(stage)
    const video = await publisher.publish()
    await publisher.start()
    const greedy = await openGreedyHost(stage, publisher)
    const viewer = await openViewer(stage)
    await stage.chain.faucet(viewer.actor.address, all)
    const { nonce } = await buy(viewer, video)
    await expect(readAll(viewer, nonce, 'v720/2.m4s', undefined, forever)).rejects.toMatchObject({
      code: 'fee-above-terms',
    })
    expect(viewer.role.meter(nonce)).toMatchObject({ paidWei: 0n, hosts: [{ banned: true }] })
    await viewer.role.stop(nonce, forever)
    await publisher.stop()
    expect(await stage.balance(greedy)).toBe(0n)
    expect(await stage.balance(publisher.actor.address)).toBe(0n)
  })
})

/** A host that offers itself and gives the free head like any other, then wants a higher fee. */
const openGreedyHost = async (stage: Stage, publisher: StagedPublisher) => {
  const { secretKey, publicKey, address } = actorOf('greedy host')
  const node = await createMessageNode({ nodeKey: secretKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  const records = createMemoryRecords()
  const mailbox = await Mailbox.start({
    node,
    records,
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNoble,
  })
  const shelf = new DirectoryShelf(publisher.blocks)
  const server = await startBlockServer({
    host: '127.0.0.1',
    port: 0,
    source: {
      hosts: () => Promise.reject(new ParatiiError('video-unknown')),
      head: root => shelf.head(root),
      open: () => Promise.reject(new ParatiiError('purchase-unknown')),
    },
  })
  const http = multiaddrFromUrl(server.url) ?? ''
  await serveExchange(node, {
    greet: () => ({ nonce: hexFromBytes(randomSystem.bytes(32)) as Hash, key: publicKey }),
    open: async () => ({
      ack: { fee: feeWei + 1n, credit: 1_048_576, http },
      pay: async ({ receipt }) => ({ bytes: receipt.bytes, credit: 1_048_576 }),
      open: () => Promise.reject(new ParatiiError('purchase-unknown')),
      watch() {},
    }),
  })
  stage.add(async () => {
    await server.stop()
    await node.stop()
  })
  const to = { key: publisher.identity.mailbox, addresses: publisher.role.addresses() }
  const body = {
    key: publicKey,
    payout: payoutOf(address),
    addresses: [...node.getMultiaddrs().map(String), http],
    minimumFee: 0n,
  }
  await mailbox.ask(secretKey, to, { type: 'offer', body }, 'replicate', forever)
  return payoutOf(address)
}
