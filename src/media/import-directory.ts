import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import type { CID } from 'multiformats/cid'
import { code as rawCode } from 'multiformats/codecs/raw'
import { decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { ok, type Result } from '#std/result.ts'
import { leafBytes, nodeLinks } from './limits.ts'

/** One file to import. `path`: relative, with slashes, of names that {@link walkDirectory} accepts. */
export type SourceFile = { readonly path: string; readonly content: AsyncIterable<Uint8Array> }

export type ImportOptions = {
  readonly signal?: AbortSignal
  /** Called after each leaf was stored, with the bytes of all leaves stored so far. */
  readonly onProgress?: (bytes: number) => void
}

/** Leaves hashed and stored at a time: a directory of any size holds 8 times 256 KiB in memory, not more. */
const leavesInFlight = 8

/**
 * Stores files as one UnixFS directory: CIDv1, raw leaves of 256 KiB, balanced, never sharded, no times or modes.
 * The same files give the same CID whatever their order. Answers the directory's CID, or `directory-malformed`
 * if there was no file. Throws what the files' content or the store throws, and the signal's reason.
 */
export const importDirectory = async (
  files: AsyncIterable<SourceFile> | Iterable<SourceFile>,
  blocks: Pick<Blocks, 'put'>,
  { signal, onProgress }: ImportOptions = {},
): Promise<Result<Cid>> => {
  let storedBytes = 0
  const store = {
    put: async (cid: CID, bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
      signal?.throwIfAborted()
      if (!(bytes instanceof Uint8Array)) throw new TypeError('the importer stores whole blocks')
      await blocks.put(nameOf(cid), bytes)
      if (cid.code !== rawCode) return cid
      storedBytes += bytes.length
      onProgress?.(storedBytes)
      return cid
    },
  }
  const entries = importer(candidatesFrom(files), store, {
    profile: 'unixfs-v1-2025',
    chunker: fixedSize({ chunkSize: leafBytes }),
    layout: balanced({ maxChildrenPerNode: nodeLinks }),
    shardSplitThresholdBytes: Number.POSITIVE_INFINITY,
    wrapWithDirectory: true,
    fileImportConcurrency: 1,
    blockWriteConcurrency: leavesInFlight,
  })
  let count = 0
  let root: CID | undefined
  // The importer gives the files, then the folders, the outermost last.
  for await (const entry of entries) {
    count++
    root = entry.cid
  }
  if (root === undefined || count === 1) return failed('directory-malformed', { reason: 'no files' })
  return ok(nameOf(root))
}

/** The importer rewrites its candidates, so it gets its own. */
async function* candidatesFrom(files: AsyncIterable<SourceFile> | Iterable<SourceFile>) {
  for await (const { path, content } of files) yield { path, content }
}

const nameOf = (cid: CID): Cid => {
  const name = decodeCid(cid.bytes)
  if (!name.ok) throw new TypeError('the importer made a block that Paratii cannot name')
  return name.value
}
