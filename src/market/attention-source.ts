import type { Hash } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import { chunkCountOf, chunkPriceWei, chunkSecondsOf, type Rate } from './chunk-price.ts'

/** What was sent last and waits for its answer. */
export type SentChunk = {
  readonly chunk: number
  readonly atMs: number
  /** What the right answer hashes to. */
  readonly hash: Hash
  /** The code that was shown, or an empty text. */
  readonly code: string
  /** How often it was sent: a broken connection may need it again. */
  readonly sendings: number
}

/** An advertiser's side of one viewing. Stored before anything of it is sent. */
export type AttentionSource = {
  readonly rate: Rate
  /** Base units that the leaf can be paid. */
  readonly capWei: bigint
  /** Percent of a chunk's seconds for which the player must be visible and playing. */
  readonly visible: number
  /** Base units promised so far. */
  readonly promisedWei: bigint
  /** Chunks answered well. */
  readonly answered: number
  readonly last: SentChunk | undefined
  /** Why nothing more is sent: what the viewer did, or `done`. */
  readonly ended: AttentionEnd | undefined
}

export type AttentionEnd = 'done' | 'answer-wrong' | 'answer-late' | 'presence-missing' | 'campaign-exhausted'

export const openAttentionSource = (rate: Rate, capWei: bigint, visible: number): AttentionSource => ({
  rate,
  capWei,
  visible,
  promisedWei: 0n,
  answered: 0,
  last: undefined,
  ended: undefined,
})

/** An answer whose signature is checked. */
export type CheckedAnswer = {
  readonly chunk: number
  readonly hash: Hash
  readonly visibleMs: number
  readonly code: string
}

/** An answer may take so long: it is the player's time, and a stall of the network. */
const longestAnswerMs = (seconds: number): number => 3000 * seconds + 30_000
const mostSendings = 4

/**
 * A viewer wants a chunk. With the state that results: `send` says which chunk, new or again, is due; undefined when the
 * viewing has ended, well or not (see `ended`). A want that comes too early changes nothing and fails with
 * `chunk-out-of-turn`.
 */
export const takeAttentionWant = (
  state: AttentionSource,
  want: { readonly chunk: number; readonly answer: CheckedAnswer | undefined },
  nowMs: number,
): Result<{ readonly state: AttentionSource; readonly send: 'new' | 'again' | undefined }> => {
  if (state.ended !== undefined) return ok({ state, send: undefined })
  const { last } = state
  if (last !== undefined && want.answer === undefined) {
    if (want.chunk !== last.chunk) return failed('chunk-out-of-turn', { chunk: want.chunk })
    if (last.sendings >= mostSendings) return failed('rate-limited', { chunk: want.chunk })
    return ok({ state: { ...state, last: { ...last, sendings: last.sendings + 1 } }, send: 'again' })
  }
  if (last === undefined)
    return want.chunk === 0 && want.answer === undefined
      ? ok(isPayable(state, 0))
      : failed('chunk-out-of-turn', { chunk: want.chunk })
  const { answer } = want
  if (answer === undefined || answer.chunk !== last.chunk || want.chunk !== last.chunk + 1)
    return failed('chunk-out-of-turn', { chunk: want.chunk })
  const seconds = chunkSecondsOf(state.rate, last.chunk)
  if (nowMs < last.atMs + 1000 * seconds) return failed('chunk-out-of-turn', { early: true })
  const fault = faultOf(state, last, answer, seconds, nowMs)
  if (fault !== undefined) return ok({ state: { ...state, ended: fault }, send: undefined })
  const answered = { ...state, answered: state.answered + 1 }
  if (want.chunk >= chunkCountOf(state.rate))
    return ok({ state: { ...answered, ended: 'done' }, send: undefined })
  return ok(isPayable(answered, want.chunk))
}

/** The next chunk was made ready: it is promised, and what answers it is known. Store before sending. */
export const sendAttention = (
  state: AttentionSource,
  sent: Omit<SentChunk, 'sendings'>,
): AttentionSource => ({
  ...state,
  promisedWei: state.promisedWei + chunkPriceWei(state.rate, sent.chunk),
  last: { ...sent, sendings: 1 },
})

/** Base units that were promised for chunks without a good answer: what this viewer can have cost for nothing. */
export const unansweredWei = (state: AttentionSource): bigint => {
  let earnedWei = 0n
  for (let chunk = 0; chunk < state.answered; chunk++) earnedWei += chunkPriceWei(state.rate, chunk)
  return state.promisedWei - earnedWei
}

const isPayable = (
  state: AttentionSource,
  chunk: number,
): { readonly state: AttentionSource; readonly send: 'new' | undefined } =>
  state.promisedWei + chunkPriceWei(state.rate, chunk) <= state.capWei
    ? { state, send: 'new' }
    : { state: { ...state, ended: 'campaign-exhausted' }, send: undefined }

const faultOf = (
  { visible }: AttentionSource,
  last: SentChunk,
  answer: CheckedAnswer,
  seconds: number,
  nowMs: number,
): AttentionEnd | undefined => {
  if (answer.hash !== last.hash) return 'answer-wrong'
  if (nowMs > last.atMs + longestAnswerMs(seconds)) return 'answer-late'
  if (answer.code !== last.code || answer.visibleMs < 10 * seconds * visible) return 'presence-missing'
  return undefined
}
