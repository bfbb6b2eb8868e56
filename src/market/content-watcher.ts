import { chunkPriceWei, type Rate } from './chunk-price.ts'

/** A viewer's side of one channel by the second. Stored before a proof of its amount is signed. */
export type ContentWatcher = {
  readonly rate: Rate
  /** Chunks whose bytes were verified. */
  readonly had: readonly number[]
  /** Base units owed for them: what the next proof says. */
  readonly owedWei: bigint
}

export const openContentWatcher = (rate: Rate): ContentWatcher => ({ rate, had: [], owedWei: 0n })

/** A chunk's bytes were verified, whole: it is owed, once. */
export const takeChunk = (state: ContentWatcher, chunk: number): ContentWatcher =>
  state.had.includes(chunk)
    ? state
    : { ...state, had: [...state.had, chunk], owedWei: state.owedWei + chunkPriceWei(state.rate, chunk) }

/** A proof of ours that the publisher showed: what it says is owed, even if our state was lost. */
export const recallPromise = (state: ContentWatcher, promisedWei: bigint): ContentWatcher =>
  promisedWei > state.owedWei ? { ...state, owedWei: promisedWei } : state
