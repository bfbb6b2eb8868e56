import { checkBlock } from '#media/block-check.ts'
import { chunkLeaves } from '#media/chunk-leaves.ts'
import type { MediaDirectory } from '#media/dag.ts'
import { decodeHead, maxHeadBytes } from '#media/head-car.ts'
import { sha256 } from '#network/sha256.ts'
import type { WatchLink } from '#network/watch-link.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'

/** A verified leaf of a chunk. */
export type VerifiedLeaf = { readonly cid: Cid; readonly index: number; readonly bytes: Uint8Array }

/** The directory of a video, from the head that the source gives; checked against its root. */
export const readDirectory = async (
  link: WatchLink,
  root: Cid,
  signal: AbortSignal,
): Promise<MediaDirectory> => {
  const car = await link.head(signal)
  if (car.length > maxHeadBytes) throw new ParatiiError('directory-malformed', { reason: 'head too long' })
  return orThrow(await decodeHead(root, car, sha256)).directory
}

/** Cuts a chunk's bytes into its leaves; `block-mismatch` unless each is the block that the directory names. */
export const checkChunk = async (
  directory: MediaDirectory,
  chunk: number,
  bytes: Uint8Array,
): Promise<readonly VerifiedLeaf[]> => {
  const leaves = chunkLeaves(directory, chunk)
  const expected = leaves.reduce((sum, { size }) => sum + size, 0)
  if (expected === 0) throw new ParatiiError('path-unknown', { chunk })
  if (expected !== bytes.length) throw new ParatiiError('block-mismatch', { bytes: bytes.length, expected })
  const verified: VerifiedLeaf[] = []
  let at = 0
  for (const { cid, index, size } of leaves) {
    const part = bytes.subarray(at, at + size)
    verified.push({ cid, index, bytes: orThrow(await checkBlock(cid, part, sha256, size)) })
    at += size
  }
  return verified
}
