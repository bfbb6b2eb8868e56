import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import { chunkCountOf, chunkPriceWei, type Rate } from './chunk-price.ts'

/** A publisher's side of one channel by the second. Stored before anything of it is sent. */
export type ContentSource = {
  readonly rate: Rate
  /** How often each chunk was sent; a chunk is priced once. */
  readonly sent: Readonly<Record<number, number>>
  /** Base units for all chunks sent. */
  readonly dueWei: bigint
  /** The newest balance proof's. */
  readonly promisedWei: bigint
}

export const openContentSource = (rate: Rate): ContentSource => ({
  rate,
  sent: {},
  dueWei: 0n,
  promisedWei: 0n,
})

/** A chunk that was paid may be fetched again, but not for ever. */
const mostSendings = 4

/**
 * A viewer wants a chunk and promises `balanceWei` in all (its proof's signature is checked; undefined: no new proof).
 * With the state that results, the chunk may be sent. A chunk that was not sent before is sent only when all that were
 * are promised: at most one chunk is ever unpaid.
 */
export const takeWant = (
  state: ContentSource,
  chunk: number,
  balanceWei: bigint | undefined,
): Result<ContentSource> => {
  if (chunk >= chunkCountOf(state.rate)) return failed('chunk-out-of-turn', { chunk })
  const promisedWei = balanceWei ?? state.promisedWei
  if (promisedWei < state.promisedWei) return failed('payment-goes-down')
  const sendings = state.sent[chunk] ?? 0
  if (sendings >= mostSendings) return failed('rate-limited', { chunk })
  if (sendings === 0 && promisedWei < state.dueWei)
    return failed('payment-short', { due: state.dueWei.toString() })
  return ok({
    ...state,
    promisedWei,
    sent: { ...state.sent, [chunk]: sendings + 1 },
    dueWei: state.dueWei + (sendings === 0 ? chunkPriceWei(state.rate, chunk) : 0n),
  })
}

/** A promise that comes alone, such as the last one of a close. */
export const takePromise = (state: ContentSource, balanceWei: bigint): Result<ContentSource> =>
  balanceWei < state.promisedWei ? failed('payment-goes-down') : ok({ ...state, promisedWei: balanceWei })
