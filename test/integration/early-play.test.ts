import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChainWriter } from '#chain/writer.ts'
import { leafBytes } from '#media/limits.ts'
import { weiPerPti } from '#std/amount.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { cmaf } from './chain-fixture.ts'
import {
  filmBytes,
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

/** A theatre whose publisher submits an order only when it is let; the viewer has signed one and sent it. */
const buyHeld = async (stage: Stage) => {
  const gate = Promise.withResolvers<void>()
  gate.promise.catch(() => {})
  const held = (writer: ChainWriter): ChainWriter => ({
    ...writer,
    async submitOrder(...order) {
      await gate.promise
      return writer.submitOrder(...order)
    },
  })
  const publisher = await openPublisher(stage, 'publisher', held)
  const video = await publisher.publish()
  await publisher.start()
  const host = await openHost(stage, publisher)
  await host.start()
  await untilKept(host)
  const viewer = await openViewer(stage)
  await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
  const quote = await viewer.role.quote(video.id, cmaf, forever)
  const { order, nodeKey } = signOrder(viewer, quote)
  const readable = Promise.withResolvers<PurchaseNonce>()
  const buying = viewer.role.buy(quote, order, nodeKey, forever, readable.resolve)
  return { viewer, gate, buying, nonce: await readable.promise }
}

describe('while a purchase is made', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('its free head plays; the rest comes, and is paid for, when the chain has it', async () => {
    const { viewer, gate, buying, nonce } = await buyHeld(stage)
    for (const path of ['manifest.mpd', 'v720/init.mp4'])
      expect((await filmBytes(path)).equals(await readAll(viewer, nonce, path, undefined, forever))).toBe(
        true,
      )
    const published = await filmBytes('v720/1.m4s')
    const { body } = await viewer.role.read(nonce, 'v720/1.m4s', undefined, forever)
    const pieces: Uint8Array[] = []
    for await (const piece of body) {
      if (pieces.length === 0) {
        expect(published.subarray(0, leafBytes).equals(piece)).toBe(true)
        expect(await stage.reader.purchase(nonce)).toBeUndefined()
        expect(viewer.role.meter(nonce).paidWei).toBe(0n)
        gate.resolve()
      }
      pieces.push(piece)
    }
    expect(published.equals(Buffer.concat(pieces))).toBe(true)
    expect(await buying).toBe(nonce)
    await viewer.role.flush(nonce)
    expect(viewer.role.meter(nonce).paidWei).toBeGreaterThan(0n)
  })

  it('a reader of what is not free waits, and hears of it when the purchase is refused', async () => {
    const { viewer, gate, buying, nonce } = await buyHeld(stage)
    const reading = readAll(viewer, nonce, 'v720/2.m4s', undefined, forever)
    gate.reject(new ParatiiError('order-expired'))
    await expect(buying).rejects.toMatchObject({ code: 'order-expired' })
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
    await expect(viewer.role.read(nonce, 'manifest.mpd', undefined, forever)).rejects.toMatchObject({
      code: 'purchase-unknown',
    })
    expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti)
  })
})
