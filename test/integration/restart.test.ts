import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChainWriter } from '#chain/writer.ts'
import { paidWei } from '#payments/purchase.ts'
import { weiPerPti } from '#std/amount.ts'
import { actorOf, cmaf, noAffiliate, payoutOf } from './chain-fixture.ts'
import {
  buy,
  filmBytes,
  filmFiles,
  forever,
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

    const again = await openViewer(stage, 'viewer', viewer.records)
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
})
