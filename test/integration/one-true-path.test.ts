import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hostEarnedWei, ownerEarnedWei } from '#payments/purchase.ts'
import { totalWei } from '#protocol/order.ts'
import { weiPerPti } from '#std/amount.ts'
import { cmaf } from './chain-fixture.ts'
import {
  filmFiles,
  forever,
  openHost,
  openPublisher,
  openViewer,
  readAll,
  type Stage,
  signOrder,
  startStage,
  untilKept,
} from './stage.ts'

const bytesOf = async (file: ReturnType<typeof filmFiles>[number]) => {
  for await (const bytes of file.content) return Buffer.from(bytes)
  return Buffer.alloc(0)
}

describe('a viewer pays for a video and gets it', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it.each(['authorization', 'allowance'] as const)(
    'and every account changes by what the receipts say, to the last unit (%s)',
    async payment => {
      const publisher = await openPublisher(stage)
      const video = await publisher.publish()
      await publisher.start()
      const host = await openHost(stage, publisher)
      await host.start()
      await untilKept(host)
      const viewer = await openViewer(stage)
      await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
      if (payment === 'allowance') await (await stage.writerOf(viewer.actor)).approveStore(10n * weiPerPti)

      const quote = await viewer.role.quote(video.id, cmaf, forever)
      const { order, nodeKey } = signOrder(viewer, quote, payment)
      const nonce = await viewer.role.buy(quote, order, nodeKey, forever)
      expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti - totalWei(order))

      for (const file of filmFiles()) {
        const read = await readAll(viewer, nonce, file.path, undefined, forever)
        expect((await bytesOf(file)).equals(read)).toBe(true)
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
      expect(await stage.balance(host.payout)).toBe(hostWei)
      expect(await stage.balance(publisher.actor.address)).toBe(ownerWei)

      await expect
        .poll(async () => (await stage.reader.purchase(nonce))?.closing, { timeout: 10_000 })
        .toBe(true)
      await stage.warp(60)
      await expect
        .poll(async () => (await stage.reader.purchase(nonce))?.reclaimed, { timeout: 10_000 })
        .toBe(true)
      expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti - hostWei - ownerWei)
      expect(await stage.balance(order.store)).toBe(0n)
      await Promise.all([host.stop(), publisher.stop()])
      expect(await stage.balance(host.payout)).toBe(hostWei)
    },
  )
})
