import { cidFromRoot } from '#protocol/terms.ts'
import type { Cid, FormatName, VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { ChainReader } from './reader.ts'

type Format = { readonly id: VideoId; readonly format: FormatName; readonly root: Cid }

/**
 * Whether one of these formats is sold for nothing now under this root, to its owner and to its hosts: then everybody
 * may have all of it. A format that is no longer sold is not.
 */
export const isFreeRoot = async (
  reader: Pick<ChainReader, 'terms'>,
  formats: readonly Format[],
  root: Cid,
  signal: AbortSignal,
): Promise<boolean> => {
  for (const { id, format } of formats.filter(candidate => candidate.root === root)) {
    const terms = await reader.terms(id, format, signal).catch(thrown => {
      if (thrown instanceof ParatiiError && notSold.has(thrown.code)) return undefined
      throw thrown
    })
    if (terms?.price === 0n && terms.fee === 0n && cidFromRoot(terms.root) === root) return true
  }
  return false
}

const notSold = new Set(['format-unknown', 'video-unknown'])
