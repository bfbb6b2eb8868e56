import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hash } from '#std/brand.ts'
import {
  type AttentionSource,
  openAttentionSource,
  sendAttention,
  takeAttentionWant,
  unansweredWei,
} from './attention-source.ts'
import { isWatched, openAttentionWatcher, takePromisedChunk } from './attention-watcher.ts'

const rate = { rateWei: 10n, chunkSeconds: 4, length: 10 }
const hashOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as Hash
const right = (chunk: number) => ({ chunk, hash: hashOf(chunk), visibleMs: 4000, code: '' })

/** The source after a want, with the chunk sent if one was due. */
const serve = (
  state: AttentionSource,
  want: Parameters<typeof takeAttentionWant>[1],
  nowMs: number,
  code = '',
) => {
  const taken = takeAttentionWant(state, want, nowMs)
  if (!taken.ok) return { state, refused: taken.error.code }
  if (taken.value.send !== 'new') return { state: taken.value.state, sent: taken.value.send }
  const sent = { chunk: want.chunk, atMs: nowMs, hash: hashOf(want.chunk), code }
  return { state: sendAttention(taken.value.state, sent), sent: 'new' }
}
const first = { chunk: 0, answer: undefined }

describe('paid attention', () => {
  it('pays each chunk as it is sent, ends when all are answered, and owes nothing for nothing', () => {
    let { state } = serve(openAttentionSource(rate, 1000n, 90), first, 0)
    let watcher = openAttentionWatcher(rate)
    for (const [chunk, promisedWei] of [40n, 80n, 100n].entries()) {
      expect(state.promisedWei).toBe(promisedWei)
      const taken = takePromisedChunk(watcher, chunk, state.promisedWei)
      if (!taken.ok) throw new Error(taken.error.code)
      watcher = taken.value
      state = serve(state, { chunk: chunk + 1, answer: right(chunk) }, 4000 * (chunk + 1)).state
    }
    expect(state).toMatchObject({ ended: 'done', answered: 3, promisedWei: 100n })
    expect(isWatched(watcher)).toBe(true)
    expect(unansweredWei(state)).toBe(0n)
  })

  it('sends no chunk before the one before can have been watched', () => {
    const { state } = serve(openAttentionSource(rate, 1000n, 90), first, 0)
    expect(serve(state, { chunk: 1, answer: right(0) }, 3999).refused).toBe('chunk-out-of-turn')
    expect(serve(state, { chunk: 1, answer: right(0) }, 4000).sent).toBe('new')
  })

  it.each<[string, object, number]>([
    ['answer-wrong', { hash: hashOf(99) }, 4000],
    ['answer-late', {}, 42_001],
    ['presence-missing', { visibleMs: 3599 }, 4000],
    ['presence-missing', { code: 'GUESS' }, 4000],
  ])('ends by %s, one chunk lost', (ended, wrong, nowMs) => {
    const { state } = serve(openAttentionSource(rate, 1000n, 90), first, 0)
    const next = serve(state, { chunk: 1, answer: { ...right(0), ...wrong } }, nowMs)
    expect(next).toMatchObject({ sent: undefined, state: { ended, promisedWei: 40n } })
    expect(unansweredWei(next.state)).toBe(40n)
    // Nothing brings it back.
    const again = serve(next.state, { chunk: 1, answer: right(0) }, 4000)
    expect(again).toMatchObject({ sent: undefined, state: { ended } })
  })

  it('asks for the code that was shown', () => {
    const { state } = serve(openAttentionSource(rate, 1000n, 90), first, 0, 'K7Q2')
    const answer = { ...right(0), code: 'K7Q2' }
    expect(serve(state, { chunk: 1, answer }, 4000).sent).toBe('new')
    expect(serve(state, { chunk: 1, answer: right(0) }, 4000).state.ended).toBe('presence-missing')
  })

  it('sends a chunk again after a broken connection, for nothing, a few times', () => {
    let { state } = serve(openAttentionSource(rate, 1000n, 90), first, 0)
    for (let i = 0; i < 3; i++) {
      const next = serve(state, first, 10)
      expect(next.sent).toBe('again')
      state = next.state
    }
    expect(state.promisedWei).toBe(40n)
    expect(serve(state, first, 10).refused).toBe('rate-limited')
  })

  it('stops at what the leaf can be paid', () => {
    const { state } = serve(openAttentionSource(rate, 79n, 90), first, 0)
    expect(serve(state, { chunk: 1, answer: right(0) }, 4000).state.ended).toBe('campaign-exhausted')
  })

  it('never promises more than one chunk beyond what was answered, whatever a viewer does', () => {
    const want = fc.record({
      chunk: fc.nat(4),
      answer: fc.option(
        fc.record({
          chunk: fc.nat(3),
          hash: fc.nat(3).map(hashOf),
          visibleMs: fc.constantFrom(0, 4000),
          code: fc.constantFrom('', 'X'),
        }),
        { nil: undefined },
      ),
      afterMs: fc.integer({ min: 0, max: 30_000 }),
    })
    fc.assert(
      fc.property(fc.array(want, { maxLength: 30 }), wants => {
        let state = openAttentionSource(rate, 90n, 50)
        let nowMs = 0
        for (const one of wants) {
          nowMs += one.afterMs
          state = serve(state, one, nowMs).state
          expect(unansweredWei(state)).toBeLessThanOrEqual(40n)
          expect(state.promisedWei).toBeLessThanOrEqual(90n)
        }
      }),
    )
  })
})

describe('a viewer that is paid', () => {
  it.each([undefined, 0n, 39n])('plays no chunk that %s base units pay', balanceWei => {
    expect(takePromisedChunk(openAttentionWatcher(rate), 0, balanceWei)).toMatchObject({
      error: { code: 'payment-short' },
    })
  })

  it('takes no stale promise for the next chunk', () => {
    const once = takePromisedChunk(openAttentionWatcher(rate), 0, 40n)
    if (!once.ok) throw new Error(once.error.code)
    expect(takePromisedChunk(once.value, 1, 40n)).toMatchObject({ error: { code: 'payment-short' } })
    expect(takePromisedChunk(once.value, 0, 80n)).toMatchObject({ error: { code: 'chunk-out-of-turn' } })
  })
})
