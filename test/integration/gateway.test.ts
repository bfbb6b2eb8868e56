import { CarReader } from '@ipld/car/reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cidFromRoot } from '#protocol/terms.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import { cmaf } from './chain-fixture.ts'
import {
  buy,
  filmBytes,
  filmFiles,
  forever,
  longFilmFiles,
  openHost,
  openPublisher,
  openViewer,
  readAll,
  type Stage,
  type StagedHost,
  type StagedPublisher,
  startStage,
  untilKept,
} from './stage.ts'

describe('what is sold for nothing', () => {
  let stage: Stage
  let publisher: StagedPublisher
  let host: StagedHost
  let gift: VideoDocument
  let film: VideoDocument
  beforeAll(async () => {
    stage = await startStage()
    publisher = await openPublisher(stage)
    gift = await publisher.publish(filmFiles(), { priceWei: 0n, feeWei: 0n })
    film = await publisher.publish(longFilmFiles())
    await publisher.start()
    host = await openHost(stage, publisher)
    await host.start()
    await untilKept(host, 2)
  })
  afterAll(() => stage.close())

  const rootOf = async ({ id }: VideoDocument) => cidFromRoot((await stage.reader.terms(id, cmaf)).root)
  const bytesOfCar = async (response: Response) => {
    const reader = await CarReader.fromBytes(new Uint8Array(await response.arrayBuffer()))
    const leaves: Uint8Array[] = []
    for await (const { cid, bytes } of reader.blocks()) if (cid.code === 0x55) leaves.push(bytes)
    return Buffer.concat(leaves)
  }

  it('is given to everybody by host and publisher, and what has a price is not', async () => {
    for (const { url } of [host.role, publisher.role]) {
      const given = await fetch(`${url}/ipfs/${await rootOf(gift)}/v720/2.m4s?format=car`)
      expect(given.status).toBe(200)
      expect((await filmBytes('v720/2.m4s')).equals(await bytesOfCar(given))).toBe(true)
      const sold = await fetch(`${url}/ipfs/${await rootOf(film)}/v720/2.m4s?format=car`)
      expect([sold.status, await sold.json()]).toEqual([402, { code: 'payment-required' }])
      const manifest = await fetch(`${url}/ipfs/${await rootOf(film)}/manifest.mpd?format=car`)
      expect((await filmBytes('manifest.mpd')).equals(await bytesOfCar(manifest))).toBe(true)
    }
  })

  it('can be watched in the player as well, and costs nothing there', async () => {
    const viewer = await openViewer(stage)
    const { nonce, quote } = await buy(viewer, gift)
    expect(quote.collateralWei).toBe(0n)
    const read = await readAll(viewer, nonce, 'v720/3.m4s', undefined, forever)
    expect((await filmBytes('v720/3.m4s')).equals(read)).toBe(true)
    expect(viewer.role.meter(nonce).paidWei).toBe(0n)
  })
})
