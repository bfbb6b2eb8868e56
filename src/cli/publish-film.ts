import { rm } from 'node:fs/promises'
import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import { importDirectory } from '#media/import-directory.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import type { PublisherIdentity } from '#roles/publisher/ports.ts'
import { registerVideo } from '#roles/publisher/registration.ts'
import type { Cid, FormatName } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Records } from '#std/ports/records.ts'
import { packageMedia } from '#transcode/package.ts'
import { listPackagedFiles } from '#transcode/packaged-files.ts'
import { ladderFor, segmentSeconds } from '#transcode/rendition.ts'
import type { SourceMedia } from '#transcode/source-media.ts'
import type { MediaTools } from '#transcode/tools.ts'

/** The one format that is published: a directory of CMAF segments with a DASH manifest and HLS playlists. */
export const cmafFormat = 'cmaf' as FormatName

export type PublishSteps = 'package' | 'store' | 'register'
export type Progress = (step: PublishSteps, done: number) => void

/** On which conditions a film is sold. */
export type Offer = {
  readonly title: string
  readonly priceWei: bigint
  readonly feeWeiPerByte: bigint
  readonly ttlSeconds: number
  /** Of the price, in hundredths of a percent, to the site that sold it. */
  readonly affiliateBps: number
}

export type PublishPorts = {
  readonly tools: MediaTools
  readonly reader: ChainReader
  readonly writer: ChainWriter
  readonly blocks: Blocks
  readonly records: Records
  /** Folder for the film until it is registered; this process's alone. */
  readonly packaging: string
}

/**
 * Packages a film, stores it as blocks and registers it. The same film on the same conditions by the same publisher
 * gets the same id, and is registered once however often this is called.
 *
 * Killed or stopped at any moment it goes on where it was when it is called again: finished parts of the film are not
 * encoded again, stored blocks not written again. What was packaged is removed once the film is registered, or at once
 * if it cannot be packaged; what was packaged of another film, and never finished, is removed before.
 */
export const publishFilm = async (
  { tools, packaging, ...ports }: PublishPorts,
  identity: PublisherIdentity,
  source: SourceMedia,
  offer: Offer,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<VideoDocument> => {
  const total = source.durationSeconds
  onProgress('package', 0)
  const packaged = await packageMedia(source, ladderFor(source), packaging, tools, {
    signal,
    onProgress: seconds => onProgress('package', total === undefined ? 0 : Math.min(1, seconds / total)),
  })
  const root = await storeFiles(packaged.folder, ports.blocks, onProgress, signal)
  onProgress('register', 0)
  const publication = {
    ...offer,
    root,
    format: cmafFormat,
    durationSeconds: Math.ceil(packaged.durationSeconds),
    chunkSeconds: segmentSeconds,
  }
  const video = await registerVideo(ports, identity, publication, signal)
  await rm(packaging, { recursive: true, force: true })
  onProgress('register', 1)
  return video
}

const storeFiles = async (
  folder: string,
  blocks: Blocks,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Cid> => {
  const files = await listPackagedFiles(folder)
  const bytes = files.reduce((sum, file) => sum + file.size, 0)
  const put = async (cid: Cid, block: Uint8Array): Promise<void> => {
    if (!(await blocks.has(cid))) await blocks.put(cid, block)
  }
  const report = (done: number) => onProgress('store', done / bytes)
  return orThrow(await importDirectory(files, { put }, { signal, onProgress: report }))
}
