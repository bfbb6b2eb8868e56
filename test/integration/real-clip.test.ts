import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeDemoClip } from '#devnet/clip.ts'
import { weiPerPti } from '#std/amount.ts'
import { packageMedia } from '#transcode/package.ts'
import { listPackagedFiles } from '#transcode/packaged-files.ts'
import { probeFile } from '#transcode/probe.ts'
import { ladderFor } from '#transcode/rendition.ts'
import { findMediaTools } from '#transcode/tools.ts'
import {
  buy,
  forever,
  openHost,
  openPublisher,
  openViewer,
  readAll,
  type Stage,
  startStage,
  untilKept,
} from './stage.ts'

describe('a film made by ffmpeg', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('arrives as it was packaged, through a change of quality, for no more than its price and fees', async () => {
    const tools = await findMediaTools()
    const source = await probeFile(await makeDemoClip({ seconds: 8, cacheFolder: stage.folder }), tools)
    const { folder } = await packageMedia(source, ladderFor(source), join(stage.folder, 'film'), tools)
    const files = await listPackagedFiles(folder)
    const publisher = await openPublisher(stage)
    const video = await publisher.publish([...files])
    await publisher.start()
    const host = await openHost(stage, publisher)
    await host.start()
    await untilKept(host)
    const viewer = await openViewer(stage)
    await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)

    const { nonce, order } = await buy(viewer, video)
    // Files that are alike, such as the playlists of two renditions, are fetched and paid for once.
    const sizes = new Map<string, number>()
    // One quality throughout, and a segment of the other on the way.
    for (const { path, size } of files.filter(({ path }) => !/^v360\/(?!1\.)\d/.test(path))) {
      const reading = await viewer.role.read(nonce, path, undefined, forever)
      expect(reading).toMatchObject({ size, start: 0, end: size - 1 })
      const read = await readAll(viewer, nonce, path, undefined, forever)
      expect((await readFile(join(folder, path))).equals(read)).toBe(true)
      sizes.set(Buffer.from(read).toString('base64'), size)
    }
    expect((await viewer.role.read(nonce, 'manifest.mpd', undefined, forever)).contentType).toBe(
      'application/dash+xml',
    )
    const { verifiedBytes } = viewer.role.meter(nonce)
    const watchedBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    expect(watchedBytes).toBeGreaterThan(order.terms.size)
    expect(verifiedBytes).toBe(watchedBytes)
    await viewer.role.stop(nonce, forever)
    await host.stop()
    expect(await stage.reader.paidBytes(nonce, 0)).toBe(watchedBytes)
    expect(await stage.balance(publisher.actor.address)).toBe(order.terms.price)
    expect(await stage.balance(host.payout)).toBe(BigInt(watchedBytes) * order.terms.fee)
  })
})
