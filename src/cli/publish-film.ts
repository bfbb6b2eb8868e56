import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import { importDirectory } from '#media/import-directory.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import type { PublisherIdentity } from '#roles/publisher/ports.ts'
import { registerVideo } from '#roles/publisher/registration.ts'
import type { FormatName } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Records } from '#std/ports/records.ts'
import { packageMedia } from '#transcode/package.ts'
import { listPackagedFiles } from '#transcode/packaged-files.ts'
import { ladderFor, segmentSeconds } from '#transcode/rendition.ts'
import type { SourceMedia } from '#transcode/source-media.ts'
import type { MediaTools } from '#transcode/tools.ts'

/** The one format that is published: a directory of CMAF segments with a DASH manifest. */
export const cmafFormat = 'cmaf' as FormatName

export type PublishSteps = 'package' | 'store' | 'register'
export type Progress = (step: PublishSteps, done: number) => void

/** On which conditions a film is sold. */
export type Offer = {
  readonly title: string
  readonly priceWei: bigint
  readonly feeWeiPerByte: bigint
  readonly ttlSeconds: number
}

export type PublishPorts = {
  readonly tools: MediaTools
  readonly reader: ChainReader
  readonly writer: ChainWriter
  readonly blocks: Blocks
  readonly records: Records
  /** Folder for the film while it is packaged. */
  readonly packaging: string
}

/**
 * Packages a film, stores it as blocks and registers it. The same film on the same conditions by the same publisher
 * gets the same id, and is registered once however often this is called. What was packaged is always removed.
 */
export const publishFilm = async (
  { tools, packaging, ...ports }: PublishPorts,
  identity: PublisherIdentity,
  source: SourceMedia,
  offer: Offer,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<VideoDocument> => {
  // What a killed publication left. Its folder is locked for us.
  await rm(packaging, { recursive: true, force: true })
  await mkdir(packaging, { recursive: true, mode: 0o700 })
  try {
    const total = source.durationSeconds
    const packaged = await packageMedia(source, ladderFor(source), join(packaging, 'film'), tools, {
      signal,
      onProgress: seconds => onProgress('package', total === undefined ? 0 : Math.min(1, seconds / total)),
    })
    const files = await listPackagedFiles(packaged.folder)
    const bytes = files.reduce((sum, file) => sum + file.size, 0)
    const root = orThrow(
      await importDirectory(files, ports.blocks, {
        signal,
        onProgress: done => onProgress('store', done / bytes),
      }),
    )
    onProgress('register', 0)
    const publication = {
      ...offer,
      root,
      format: cmafFormat,
      durationSeconds: Math.ceil(packaged.durationSeconds),
      chunkSeconds: segmentSeconds,
    }
    const video = await registerVideo(ports, identity, publication, signal)
    onProgress('register', 1)
    return video
  } finally {
    await rm(packaging, { recursive: true, force: true })
    await mkdir(packaging, { recursive: true, mode: 0o700 })
  }
}
