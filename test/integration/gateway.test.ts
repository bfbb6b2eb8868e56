import { CarReader } from '@ipld/car/reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGatewayBlocks } from '#adapters/blocks-gateway.ts'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { openS3Blocks } from '#adapters/blocks-s3.ts'
import { startS3Server } from '#adapters/s3-server.stage.ts'
import { walkDirectory } from '#media/dag.ts'
import { headLeaves } from '#media/head.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
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

describe('films that are given, and blocks that are elsewhere', () => {
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

  const directoryOf = async (video: VideoDocument) =>
    orThrow(await walkDirectory(await rootOf(video), cid => publisher.blocks.get(cid)))
  const rootOf = async ({ id }: VideoDocument) => cidFromRoot((await stage.reader.terms(id, cmaf)).root)
  const bytesOfCar = async (response: Response) => {
    const reader = await CarReader.fromBytes(new Uint8Array(await response.arrayBuffer()))
    const leaves: Uint8Array[] = []
    for await (const { cid, bytes } of reader.blocks()) if (cid.code === 0x55) leaves.push(bytes)
    return Buffer.concat(leaves)
  }

  it('a film is sold as ever by a host that has it in a bucket', async () => {
    const s3 = await startS3Server('films', 'eu-1')
    stage.add(s3.stop)
    const place = { endpoint: s3.endpoint, bucket: 'films', prefix: '', region: 'eu-1' }
    const name = 'host with a bucket'
    const bucket = await openHost(stage, publisher, name, {
      blocks: () => openS3Blocks(place, s3.credentials),
    })
    await bucket.start()
    await untilKept(bucket, 2)
    await host.stop()
    const viewer = await openViewer(stage, 'viewer of a bucket')
    await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
    const { nonce } = await buy(viewer, film)
    const read = await readAll(viewer, nonce, 'v720/2.m4s', undefined, forever)
    expect((await filmBytes('v720/2.m4s', longFilmFiles())).equals(read)).toBe(true)
    const { verifiedBytes, hosts } = viewer.role.meter(nonce)
    expect(hosts.find(({ key }) => key === bucket.node.publicKey)?.bytes).toBe(verifiedBytes)
    expect(s3.refusals).toEqual([])
    await viewer.stop()
    await bucket.stop()
    await host.start()
  })

  it('what is sold for nothing is given to everybody by host and publisher, and what has a price is not', async () => {
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

  it('it is served by a host that has it in a gateway behind it, and copies only what that does not give', async () => {
    const own = createMemoryBlocks()
    const kept: string[] = []
    const counted = {
      ...own,
      put: (cid: Cid, bytes: Uint8Array) => own.put(cid, bytes).then(() => void kept.push(cid)),
    }
    const url = publisher.role.url
    const behind = await openHost(stage, publisher, 'host behind', {
      blocks: () => openGatewayBlocks(url, counted),
    })
    await behind.start()
    await untilKept(behind, 2)
    const root = await rootOf(gift)
    const given = await fetch(`${behind.role.url}/ipfs/${root}/v720/3.m4s?format=car`)
    expect((await filmBytes('v720/3.m4s')).equals(await bytesOfCar(given))).toBe(true)
    const sold = await directoryOf(film)
    const free = headLeaves(sold)
    const copied = sold.leaves.filter(leaf => !free.includes(leaf)).map(leaf => leaf.cid)
    expect(kept.toSorted()).toEqual(copied.toSorted())
    await behind.stop()
  })

  it('it can be watched in the player as well, and costs nothing there', async () => {
    const viewer = await openViewer(stage)
    const { nonce, quote } = await buy(viewer, gift)
    expect(quote.collateralWei).toBe(0n)
    const read = await readAll(viewer, nonce, 'v720/3.m4s', undefined, forever)
    expect((await filmBytes('v720/3.m4s')).equals(read)).toBe(true)
    expect(viewer.role.meter(nonce).paidWei).toBe(0n)
  })
})
