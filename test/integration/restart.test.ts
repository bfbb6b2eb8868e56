import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChainWriter } from '#chain/writer.ts'
import { paidWei } from '#payments/purchase.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Cid } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { actorOf, cmaf, noAffiliate, payoutOf } from './chain-fixture.ts'
import {
  buy,
  filmBytes,
  filmFiles,
  forever,
  type HostTwist,
  longFilmFiles,
  openDiskHome,
  openHost,
  openProcess,
  openPublisher,
  openTheatre,
  openViewer,
  readAll,
  type Stage,
  signOrder,
  startStage,
  untilKept,
} from './stage.ts'
import type { ViewerOrders } from './viewer-process.ts'

const all = 10n * weiPerPti

describe('killed and started again', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('host and publisher lose no receipt and pay nothing twice', async () => {
    const owner = await openPublisher(stage)
    const video = await owner.publish()
    await owner.kill()
    await stage.writerOf(actorOf('host'))
    const payout = payoutOf(actorOf('host').address)
    const publisher = openProcess(stage, 'publisher', 'publisher')
    const host = openProcess(stage, 'host', 'host', [owner.actor.address])
    await publisher.start()
    await host.start()
    const viewer = await openViewer(stage)
    await stage.chain.faucet(viewer.actor.address, all)
    await expect
      .poll(() =>
        viewer.role.quote(video.id, cmaf, forever).then(
          ({ hosts }) => hosts.length,
          () => 0,
        ),
      )
      .toBe(1)
    const { nonce, order } = await buy(viewer, video)
    await readAll(viewer, nonce, 'v720/1.m4s', undefined, forever)
    const signedBefore = viewer.role.meter(nonce).paidWei
    await Promise.all([host.kill(), publisher.kill()])
    await publisher.start()
    await host.start()

    for (const { path } of filmFiles()) {
      expect((await filmBytes(path)).equals(await readAll(viewer, nonce, path, undefined, forever))).toBe(
        true,
      )
    }
    expect(viewer.role.meter(nonce).paidWei).toBeGreaterThan(signedBefore)
    await viewer.role.stop(nonce, forever)

    // The host settles when it ends; then the publisher, which holds the same receipts: each byte is paid once.
    await host.kill()
    await host.start()
    await host.end()
    await publisher.end()
    const { size } = order.terms
    expect(await stage.reader.paidBytes(nonce, 0)).toBe(size)
    const paid = paidWei(order, [size])
    expect((await stage.balance(payout)) + (await stage.balance(owner.actor.address))).toBe(paid)

    await stage.warp(4000)
    await publisher.start()
    await expect.poll(async () => (await stage.reader.purchase(nonce))?.reclaimed).toBe(true)
    expect(await stage.balance(viewer.actor.address)).toBe(all - paid)
    await host.start()
    await Promise.all([host.end(), publisher.end()])
    expect((await stage.balance(payout)) + (await stage.balance(owner.actor.address))).toBe(paid)
  })

  it.each([
    ['before it submitted an order', 'before'],
    ['after it submitted an order', 'after'],
  ] as const)('a publisher that died %s opens it, once', async (_, when) => {
    let submissions = 0
    const dying = (writer: ChainWriter): ChainWriter => ({
      ...writer,
      async submitOrder(order, signal) {
        submissions++
        if (when === 'after') await writer.submitOrder(order, signal)
        return new Promise(() => {})
      },
    })
    const publisher = await openPublisher(stage, 'publisher', dying)
    const video = await publisher.publish()
    await publisher.start()
    const host = await openHost(stage, publisher)
    await host.start()
    await untilKept(host)
    const viewer = await openViewer(stage)
    await stage.chain.faucet(viewer.actor.address, all)
    const quote = await viewer.role.quote(video.id, cmaf, forever)
    const { order, nodeKey } = signOrder(viewer, quote)
    const buying = viewer.role.buy(quote, order, nodeKey, forever)
    await expect.poll(() => submissions).toBe(1)
    await publisher.kill()
    await publisher.start()
    const nonce = await buying
    expect(await viewer.role.buy(quote, order, nodeKey, forever)).toBe(nonce)
    expect(await stage.reader.purchases({ buyer: viewer.actor.address })).toHaveLength(1)
    await expect.poll(async () => (await publisher.role.status()).open).toBe(1)
    expect(await filmBytes('a128/2.m4s')).toEqual(
      Buffer.from(await readAll(viewer, nonce, 'a128/2.m4s', undefined, forever)),
    )
  })

  it('a viewer takes its purchase up where its receipts were', async () => {
    const { publisher, video, hosts, viewer } = await openTheatre(stage)
    const { nonce, nodeKey, order } = await buy(viewer, video)
    await readAll(viewer, nonce, 'v720/1.m4s', undefined, forever)
    await viewer.stop()

    const again = await openViewer(stage, 'viewer', viewer.home)
    await expect(again.role.read(nonce, 'manifest.mpd', undefined, forever)).rejects.toMatchObject({
      code: 'purchase-unknown',
    })
    await again.role.resume(nonce, nodeKey, forever)
    const resumed = again.role.meter(nonce).verifiedBytes
    expect(resumed).toBeGreaterThanOrEqual(1_300_000)
    await readAll(again, nonce, 'v720/2.m4s', undefined, forever)
    expect(again.role.meter(nonce).verifiedBytes).toBe(resumed + 1_300_000)
    await again.role.stop(nonce, forever)
    await hosts[0]?.stop()
    expect(await stage.reader.paidBytes(nonce, 0)).toBe(resumed + 1_300_000)
    const hostWei = await stage.balance(hosts[0]?.payout ?? noAffiliate)
    const paid = paidWei(order, [resumed + 1_300_000])
    expect(hostWei + (await stage.balance(publisher.actor.address))).toBe(paid)
  })

  it('a viewer killed while it reads fetches nothing again that it had verified, and pays for nothing twice', async () => {
    const asked = new Set<Cid>()
    const noting: HostTwist = {
      blocks: blocks => ({
        ...blocks,
        get(cid, into) {
          asked.add(cid)
          return blocks.get(cid, into)
        },
      }),
    }
    const { video, hosts, publisher } = await openTheatre(stage, [noting, noting], longFilmFiles())
    const buyer = await openViewer(stage, 'viewer', openDiskHome(stage.folder, 'watcher'))
    const { nonce, nodeKey, order } = await buy(buyer, video)
    await buyer.stop()

    const paths = ['v720/1.m4s', 'v720/2.m4s', 'manifest.mpd', 'v720/init.mp4']
    const { chainId, rpcUrl, registry } = stage.chain
    const orders: ViewerOrders = {
      folder: stage.folder,
      name: 'watcher',
      chain: { chainId, rpcUrl, registry },
      nonce,
      nodeKey: hexFromBytes(nodeKey),
      paths,
    }
    const verified = new Set<Cid>()
    const first = startViewerProcess(stage, orders)
    for await (const { piece } of first.lines) {
      if (piece !== undefined) verified.add(cidFromDigest('raw', Buffer.from(piece, 'hex')))
      if (verified.size === 25) break
    }
    await first.kill()
    asked.clear()

    const files = new Map<string, string>()
    for await (const { path, sha256 } of startViewerProcess(stage, orders).lines)
      if (path !== undefined && sha256 !== undefined) files.set(path, sha256)
    for (const path of paths) {
      const bytes = await filmBytes(path, longFilmFiles())
      expect(files.get(path)).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    expect([...verified].filter(cid => asked.has(cid))).toEqual([])
    await Promise.all(hosts.map(host => host.stop()))
    const paid = await Promise.all(order.leaves.map((_, leaf) => stage.reader.paidBytes(nonce, leaf)))
    const paidBytes = paid.reduce((sum, bytes) => sum + bytes, 0)
    expect(paidBytes).toBeLessThanOrEqual(order.terms.size)
    // A host may be left unpaid for less than a mebibyte, and only for what was on its way when the viewer died.
    expect(paidBytes).toBeGreaterThan(order.terms.size - 2 * 1_048_576)
    const balances = await Promise.all(
      [...order.leaves.map(leaf => leaf.payout), publisher.actor.address].map(stage.balance),
    )
    expect(balances.reduce((sum, wei) => sum + wei, 0n)).toBe(paidWei(order, paid))
  })
})

type ViewerLine = { readonly piece?: string; readonly path?: string; readonly sha256?: string }

const startViewerProcess = (stage: Stage, orders: ViewerOrders) => {
  const script = new URL('./viewer-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  stage.add(kill)
  return { lines: linesOf(child.stdout), kill }
}

async function* linesOf(output: Readable): AsyncGenerator<ViewerLine> {
  for await (const line of createInterface(output)) yield JSON.parse(line) as ViewerLine
}
