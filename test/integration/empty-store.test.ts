import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PurchaseNonce } from '#std/brand.ts'
import { cmaf } from './chain-fixture.ts'
import { buy, filmBytes, forever, openTheatre, openViewer, readAll, type Stage, startStage } from './stage.ts'

describe('a viewer whose store is gone, and whose phrase is not', () => {
  let stage: Stage
  let theatre: Awaited<ReturnType<typeof openTheatre>>
  beforeAll(async () => {
    stage = await startStage()
    theatre = await openTheatre(stage, [{}, {}])
  })
  afterAll(() => stage.close())

  it('goes on with a purchase from the receipts that its hosts hold, even after the terms were changed', async () => {
    const { viewer, video, publisher } = theatre
    const { nonce, nodeKey } = await buy(viewer, video)
    await readAll(viewer, nonce, 'v720/1.m4s', undefined, forever)
    await viewer.role.flush(nonce)
    const before = viewer.role.meter(nonce)
    expect(before.paidWei).toBeGreaterThan(0n)
    await viewer.stop()

    const sold = video.formats[cmaf]
    if (sold === undefined) throw new Error('the film is sold')
    await publisher.writer.editVideo({ ...video, formats: { [cmaf]: { ...sold, price: sold.price * 3n } } })

    const again = await openViewer(stage)
    const settled = await again.role.settlement(nonce, forever)
    expect(settled.isFinal).toBe(false)
    await again.role.resume(nonce, nodeKey, forever)
    const read = await readAll(again, nonce, 'v720/2.m4s', undefined, forever)
    expect((await filmBytes('v720/2.m4s')).equals(read)).toBe(true)
    await again.role.flush(nonce)
    const after = again.role.meter(nonce)
    expect(after.paidWei).toBeGreaterThan(before.paidWei)
    // What was paid before is not paid again: both segments, the free head and no more.
    const bytes = [1, 2].map(n => filmBytes(`v720/${n}.m4s`))
    const watched = (await Promise.all(bytes)).reduce((sum, { length }) => sum + length, 0)
    const signed = after.hosts.reduce((sum, host) => sum + host.bytes, 0)
    expect(signed).toBeGreaterThanOrEqual(watched)
    expect(signed).toBeLessThan(watched + 100_000)
    await again.stop()
  })

  it('is told that a purchase is none, and that a key is not that of one', async () => {
    const { video } = theatre
    const buyer = await openViewer(stage)
    const { nonce } = await buy(buyer, video)
    await buyer.stop()
    const empty = await openViewer(stage)
    const unknown = `0x${'12'.repeat(32)}` as PurchaseNonce
    const key = new Uint8Array(32).fill(7)
    await expect(empty.role.resume(unknown, key, forever)).rejects.toMatchObject({ code: 'purchase-unknown' })
    await expect(empty.role.resume(nonce, key, forever)).rejects.toMatchObject({ code: 'signature-invalid' })
    await empty.stop()
  })
})
