import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { hostEarnedWei, ownerEarnedWei, paidWei } from '#payments/purchase.ts'
import { totalWei } from '#protocol/order.ts'
import { identityOf } from '#protocol/signature.ts'
import { weiPerPti } from '#std/amount.ts'
import { actorOf, cmaf, noAffiliate } from './chain-fixture.ts'
import {
  buy,
  filmBytes,
  filmFiles,
  forever,
  openTheatre,
  readAll,
  type Stage,
  signOrder,
  startStage,
} from './stage.ts'

describe('a viewer pays for a video and gets it', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it.each(['authorization', 'allowance'] as const)(
    'and every account changes by what the receipts say, to the last unit (%s)',
    async payment => {
      const { publisher, video, hosts, viewer } = await openTheatre(stage)
      if (payment === 'allowance') await (await stage.writerOf(viewer.actor)).approveStore(10n * weiPerPti)

      const payout = hosts[0]?.payout ?? noAffiliate
      const quote = await viewer.role.quote(video.id, cmaf, forever)
      const { order, nodeKey } = signOrder(viewer, quote, payment)
      const nonce = await viewer.role.buy(quote, order, nodeKey, forever)
      expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti - totalWei(order))

      for (const file of filmFiles()) {
        const read = await readAll(viewer, nonce, file.path, undefined, forever)
        expect((await filmBytes(file.path)).equals(read)).toBe(true)
      }
      expect(viewer.role.meter(nonce).verifiedBytes).toBe(order.terms.size)
      await viewer.role.stop(nonce, forever)

      // The host's mail with the last receipt may still be on its way.
      await expect
        .poll(async () => {
          await publisher.role.settle(true)
          return stage.reader.paidBytes(nonce, 0)
        })
        .toBe(order.terms.size)
      const bytes = order.terms.size
      const [allotment] = order.leaves
      if (allotment === undefined) throw new Error('no allotment')
      const hostWei = hostEarnedWei(order.terms, allotment, bytes)
      const ownerWei = ownerEarnedWei(order.terms, bytes)
      expect(await stage.balance(payout)).toBe(hostWei)
      expect(await stage.balance(publisher.actor.address)).toBe(ownerWei)

      await expect.poll(async () => (await stage.reader.purchase(nonce))?.closing).toBe(true)
      await stage.warp(60)
      await expect.poll(async () => (await stage.reader.purchase(nonce))?.reclaimed).toBe(true)
      expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti - hostWei - ownerWei)
      expect(await stage.balance(order.store)).toBe(0n)
      await Promise.all([hosts[0]?.stop(), publisher.stop()])
      expect(await stage.balance(payout)).toBe(hostWei)
    },
  )

  it('and the host settles alone when the publisher died after the purchase', async () => {
    const { publisher, video, hosts, viewer } = await openTheatre(stage)
    const { nonce, nodeKey, order } = await buy(viewer, video)
    await publisher.kill()
    const read = await readAll(viewer, nonce, 'v720/2.m4s', undefined, forever)
    expect((await filmBytes('v720/2.m4s')).equals(read)).toBe(true)
    const { verifiedBytes } = viewer.role.meter(nonce)
    await viewer.role.stop(nonce, AbortSignal.timeout(2_000))
    await hosts[0]?.stop()
    expect(await stage.reader.paidBytes(nonce, 0)).toBe(verifiedBytes)
    const paid = paidWei(order, [verifiedBytes])
    const hostWei = await stage.balance(hosts[0]?.payout ?? noAffiliate)
    expect(hostWei + (await stage.balance(publisher.actor.address))).toBe(paid)
    await stage.warp(4000)
    const anybody = await stage.writerOf(actorOf('anybody'))
    await anybody.reclaim({
      deal: order,
      signer: identityOf(cryptoNoble, nodeKey).address,
      allotments: order.allotments,
      buyer: order.buyer,
    })
    expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti - paid)
  })

  it('from the exact middle of a file, and pays only for the leaves that hold it', async () => {
    const { video, viewer } = await openTheatre(stage)
    const { nonce } = await buy(viewer, video)
    const before = viewer.role.meter(nonce).verifiedBytes
    const range = { start: 700_001, end: 700_100 }
    const read = await readAll(viewer, nonce, 'v720/3.m4s', range, forever)
    expect((await filmBytes('v720/3.m4s')).subarray(700_001, 700_101).equals(read)).toBe(true)
    expect(viewer.role.meter(nonce).verifiedBytes - before).toBe(262_144)
    const again = await readAll(viewer, nonce, 'v720/3.m4s', range, forever)
    expect(again).toEqual(read)
    expect(viewer.role.meter(nonce).verifiedBytes - before).toBe(262_144)
    await expect(viewer.role.read(nonce, 'v720/9.m4s', undefined, forever)).rejects.toMatchObject({
      code: 'path-unknown',
    })
    await expect(viewer.role.read(nonce, 'v720/3.m4s', { start: 9e9 }, forever)).rejects.toMatchObject({
      code: 'range-invalid',
    })
  })

  it('to many readers at once, each byte fetched once', async () => {
    const { video, viewer } = await openTheatre(stage)
    const { nonce, order } = await buy(viewer, video)
    const paths = filmFiles().map(file => file.path)
    await Promise.all(
      [...paths, ...paths, ...paths].map(async path => {
        expect((await filmBytes(path)).equals(await readAll(viewer, nonce, path, undefined, forever))).toBe(
          true,
        )
      }),
    )
    expect(viewer.role.meter(nonce).verifiedBytes).toBe(order.terms.size)
  })

  it('until the reader stops, which stops the host', async () => {
    const { video, viewer } = await openTheatre(stage)
    const { nonce } = await buy(viewer, video)
    const { body } = await viewer.role.read(nonce, 'v720/2.m4s', undefined, forever)
    for await (const piece of body) {
      expect(piece.byteLength).toBe(262_144)
      break
    }
    const stop = new AbortController()
    const reading = readAll(viewer, nonce, 'v720/3.m4s', undefined, stop.signal)
    stop.abort()
    await expect(reading).rejects.toThrow()
    expect(
      (await filmBytes('v720/3.m4s')).equals(await readAll(viewer, nonce, 'v720/3.m4s', undefined, forever)),
    ).toBe(true)
  })
})
