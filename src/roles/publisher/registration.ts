import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import { walkDirectory } from '#media/dag.ts'
import { pathSize } from '#media/path-size.ts'
import { hashVideoDocument, type VideoDocument, videoIdOf } from '#protocol/video-document.ts'
import type { Cid, FormatName, VideoId } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Records } from '#std/ports/records.ts'
import type { PublisherIdentity } from './ports.ts'
import { noteOfRegistration, saveVideo } from './videos.ts'

/** A packaged directory and the conditions on which it is to be sold. */
export type Publication = {
  readonly root: Cid
  readonly format: FormatName
  readonly title: string
  /** Seconds, rounded up. */
  readonly durationSeconds: number
  readonly chunkSeconds: number
  /** To the owner for the whole, in base units. */
  readonly priceWei: bigint
  readonly feeWeiPerByte: bigint
  /** Seconds that a purchase stays open. */
  readonly ttlSeconds: number
  readonly affiliateBps?: number
}

export type RegistrationPorts = {
  readonly reader: ChainReader
  readonly writer: ChainWriter
  readonly blocks: Blocks
  readonly records: Records
}

/**
 * Puts a packaged video on the chain and among those that this publisher serves. The same publication gives the same
 * id, so that one interrupted anywhere is finished by doing it again, and nothing is registered twice.
 * Throws `block-absent` and `directory-malformed` for a directory that the block store does not hold whole in its
 * inner nodes, and what the chain throws.
 */
export const registerVideo = async (
  ports: RegistrationPorts,
  identity: PublisherIdentity,
  publication: Publication,
  signal?: AbortSignal,
): Promise<VideoDocument> => {
  const document = await describeVideo(ports.blocks, identity, publication)
  if (!(await isRegistered(ports.reader, document.id, signal))) {
    const { id: _, ...rest } = document
    const note = noteOfRegistration(ports.records, document.id)
    const id = await ports.writer.registerVideo(rest, signal, note)
    if (id !== document.id) throw new ParatiiError('chain-mismatch', { expected: document.id, found: id })
  }
  await saveVideo(ports.records, { id: document.id, format: publication.format, root: publication.root })
  return document
}

const describeVideo = async (
  blocks: Blocks,
  { owner, mailbox, node }: PublisherIdentity,
  publication: Publication,
): Promise<VideoDocument> => {
  const directory = orThrow(await walkDirectory(publication.root, cid => blocks.get(cid)))
  const document = {
    title: publication.title,
    owner,
    duration: publication.durationSeconds,
    chunksize: publication.chunkSeconds,
    mailbox,
    node,
    formats: {
      [publication.format]: {
        hash: publication.root,
        price: publication.priceWei,
        fee: publication.feeWeiPerByte,
        ttl: publication.ttlSeconds,
        size: orThrow(pathSize(directory)),
        affiliateBps: publication.affiliateBps ?? 0,
      },
    },
  }
  return { ...document, id: videoIdOf(owner, hashVideoDocument(document)) }
}

const isRegistered = async (reader: ChainReader, id: VideoId, signal?: AbortSignal): Promise<boolean> => {
  try {
    await reader.video(id, signal)
    return true
  } catch (thrown) {
    if (thrown instanceof ParatiiError && thrown.code === 'video-unknown') return false
    throw thrown
  }
}
