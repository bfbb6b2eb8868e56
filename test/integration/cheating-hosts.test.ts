import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { multiaddrFromUrl } from '#network/address.ts'
import { DirectoryShelf } from '#network/directory-shelf.ts'
import { serveExchange } from '#network/exchange-server.ts'
import { Mailbox } from '#network/mailbox.ts'
import { createMessageNode } from '#network/node.ts'
import { hostEarnedWei, paidWei } from '#payments/purchase.ts'
import type { InitAck } from '#protocol/exchange.ts'
import type { Receipt } from '#protocol/receipt.ts'
import type { Cid, Hash } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { actorOf, payoutOf } from './chain-fixture.ts'
import {
  buy,
  feeWei,
  filmBytes,
  forever,
  longFilmFiles,
  openTheatre,
  readAll,
  type Stage,
  type StagedPublisher,
  startStage,
  untilListed,
} from './stage.ts'

const paths = ['v720/1.m4s', 'v720/2.m4s']
const credit = 1_048_576

/** What a host does otherwise than it should. */
type Cheat = {
  /** Answers a request for leaves; what it is given is right. */
  answer?(leaves: readonly Uint8Array[], response: ServerResponse, request: number): void
  /** Its word on a new exchange, the honest one given; `taken` are the receipts it has, oldest first. */
  ack?(honest: InitAck, taken: readonly Receipt[]): InitAck
  /** Ends the exchange at so many receipts, once. */
  readonly hangsUpAt?: number
}

const sendAll = (leaves: readonly Uint8Array[], response: ServerResponse): void => {
  for (const leaf of leaves) response.write(leaf)
  response.end()
}

/** A host that is listed and gives the free head like any other, and then cheats. */
const openCheat = async (stage: Stage, publisher: StagedPublisher, cheat: Cheat) => {
  const { secretKey, publicKey, address } = actorOf('cheating host')
  const node = await createMessageNode({ nodeKey: secretKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  const [clock, random, crypto] = [clockSystem, randomSystem, cryptoNoble]
  const mailbox = await Mailbox.start({ node, records: createMemoryRecords(), clock, random, crypto })
  const shelf = new DirectoryShelf(publisher.blocks)
  let requests = 0
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://host')
    const head = /^\/paratii\/1\/head\/(.+)$/.exec(url.pathname)
    if (head !== null) return response.end(await shelf.head(head[1] as Cid))
    const directory = await shelf.directory((url.searchParams.get('root') ?? '') as Cid)
    const leaves: Uint8Array[] = []
    for (const range of url.searchParams.get('leaves')?.split(',') ?? []) {
      const [first = 0, last = first] = range.split('-').map(Number)
      for (const { cid } of directory.leaves.slice(first, last + 1))
        leaves.push((await publisher.blocks.get(cid)) ?? new Uint8Array(0))
    }
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    if (cheat.answer === undefined) sendAll(leaves, response)
    else cheat.answer(leaves, response, requests++)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const http = multiaddrFromUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) ?? ''
  const taken: Receipt[] = []
  const openings: InitAck[] = []
  await serveExchange(node, {
    greet: () => ({ nonce: hexFromBytes(randomSystem.bytes(32)) as Hash, key: publicKey }),
    open: async () => {
      const held = taken.at(-1)
      const honest: InitAck = {
        fee: feeWei,
        credit: credit + (held?.bytes ?? 0),
        http,
        ...(held === undefined ? {} : { receipt: held }),
      }
      const ack = cheat.ack?.(honest, taken) ?? honest
      openings.push(ack)
      return {
        ack,
        async pay({ receipt }) {
          taken.push(receipt)
          if (taken.length === cheat.hangsUpAt) throw new ParatiiError('stopping')
          return { bytes: receipt.bytes, credit: credit + receipt.bytes }
        },
        watch() {},
        open: () => Promise.reject(new ParatiiError('unsupported')),
      }
    },
  })
  stage.add(async () => {
    server.closeAllConnections()
    server.close()
    await node.stop()
  })
  const to = { key: publisher.identity.mailbox, addresses: publisher.role.addresses() }
  const addresses = [...node.getMultiaddrs().map(String), http]
  const body = { key: publicKey, payout: payoutOf(address), addresses, minimumFee: 0n }
  await mailbox.ask(secretKey, to, { type: 'offer', body }, 'replicate', forever)
  return { key: publicKey, taken, openings }
}

/** The film is watched whole with a host that cheats and one that does not; what that cost, and what the cheat can claim. */
const watchBesides = async (stage: Stage, cheat: Cheat) => {
  const theatre = await openTheatre(stage, [{}], longFilmFiles())
  const { viewer, video, publisher } = theatre
  const cheater = await openCheat(stage, publisher, cheat)
  await untilListed(viewer, video, 2)
  const errors: string[] = []
  viewer.role.on(event => {
    if (event.type === 'host-error' && event.host === cheater.key) errors.push(event.error.code)
  })
  const { nonce, order } = await buy(viewer, video)
  for (const path of paths) {
    const read = await readAll(viewer, nonce, path, undefined, forever)
    expect((await filmBytes(path, longFilmFiles())).equals(read)).toBe(true)
  }
  await viewer.role.flush(nonce)
  const meter = viewer.role.meter(nonce)
  const at = order.leaves.findIndex(({ key }) => key === cheater.key)
  const allotment = order.leaves[at]
  const seat = meter.hosts[at]
  if (allotment === undefined || seat === undefined) throw new Error('the cheat is not in the order')
  const mostBytes = Math.max(0, ...cheater.taken.map(({ bytes }) => bytes))
  return {
    ...cheater,
    errors,
    seat,
    meter,
    /** The viewer's loss: what it signed for above what it verified, with every host. */
    lossWei:
      meter.paidWei -
      paidWei(
        order,
        meter.hosts.map(host => host.bytes),
      ),
    /** What the cheat can take to the chain beyond what it sent right. */
    claimedWei:
      hostEarnedWei(order.terms, allotment, mostBytes) - hostEarnedWei(order.terms, allotment, seat.bytes),
    size: order.terms.size,
  }
}

const spoil = (leaf: Uint8Array): Uint8Array => leaf.map(byte => byte ^ 1)

const cheats: readonly (readonly [string, Cheat, string])[] = [
  [
    'lies',
    {
      answer: (leaves, response) =>
        sendAll(leaves.with(-1, spoil(leaves.at(-1) ?? new Uint8Array(0))), response),
    },
    'block-mismatch',
  ],
  [
    'stalls in the middle of a leaf',
    { answer: ([first], response) => void response.write(first?.subarray(0, 100_000)) },
    'timed-out',
  ],
  [
    'trickles',
    {
      answer([first], response) {
        let sent = 0
        const more = setInterval(() => void response.write(first?.subarray(sent, ++sent)), 20)
        response.once('close', () => clearInterval(more))
      },
    },
    'timed-out',
  ],
  [
    'sends too much',
    { answer: (leaves, response) => sendAll([...leaves, new Uint8Array(100_000)], response) },
    'block-mismatch',
  ],
  [
    'closes early',
    {
      answer([first = new Uint8Array(0), second], response) {
        response.write(first)
        response.write(second?.subarray(0, 1000) ?? '', () => response.destroy())
      },
    },
    'host-unreachable',
  ],
  ['asks for more than the fee', { ack: honest => ({ ...honest, fee: feeWei + 1n }) }, 'fee-above-terms'],
]

describe('a viewer loses nothing to a host that', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it.each(cheats)('%s', async (_, cheat, code) => {
    const { errors, lossWei, claimedWei, meter, size } = await watchBesides(stage, cheat)
    expect(errors).toContain(code)
    expect(meter.paidWei).toBeGreaterThan(0n)
    expect(lossWei).toBe(0n)
    expect(claimedWei).toBeLessThanOrEqual(0n)
    expect(meter.verifiedBytes).toBeLessThanOrEqual(size)
  })

  it('repeats an old initack: the viewer goes on from its own newest receipt', async () => {
    const repeating: Cheat = {
      hangsUpAt: 3,
      ack: (honest, [oldest]) => (oldest === undefined ? honest : { ...honest, receipt: oldest }),
    }
    const { taken, openings, seat, lossWei, claimedWei } = await watchBesides(stage, repeating)
    expect(openings.length).toBeGreaterThan(1)
    expect(openings.at(-1)?.receipt?.bytes).toBe(taken[0]?.bytes)
    const bytes = taken.map(receipt => receipt.bytes)
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
    expect(bytes.at(-1)).toBe(seat.bytes)
    expect(lossWei).toBe(0n)
    expect(claimedWei).toBe(0n)
  })
})
