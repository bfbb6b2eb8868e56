import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import { chunkCountOf, chunkPriceWei, type Rate } from './chunk-price.ts'

/** A viewer's side of one viewing that pays it. The newest promise is stored before its chunk is played. */
export type AttentionWatcher = {
  readonly rate: Rate
  /** The next chunk to want. */
  readonly next: number
  /** Base units promised so far. */
  readonly promisedWei: bigint
}

export const openAttentionWatcher = (rate: Rate): AttentionWatcher => ({ rate, next: 0, promisedWei: 0n })

export const isWatched = ({ rate, next }: AttentionWatcher): boolean => next >= chunkCountOf(rate)

/**
 * A chunk came with a promise of so much in all (its signature is checked; undefined: none). It is played only when the
 * promise pays for it and all before; `payment-short` otherwise: the viewer leaves, and has lost nothing.
 */
export const takePromisedChunk = (
  state: AttentionWatcher,
  chunk: number,
  balanceWei: bigint | undefined,
): Result<AttentionWatcher> => {
  if (chunk !== state.next) return failed('chunk-out-of-turn', { chunk })
  const dueWei = state.promisedWei + chunkPriceWei(state.rate, chunk)
  if (balanceWei === undefined || balanceWei < dueWei)
    return failed('payment-short', { due: dueWei.toString() })
  return ok({ ...state, next: chunk + 1, promisedWei: balanceWei })
}
