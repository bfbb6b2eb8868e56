import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkCountOf, chunkPriceWei } from './chunk-price.ts'
import { openContentSource, takePromise, takeWant } from './content-source.ts'
import { openContentWatcher, recallPromise, takeChunk } from './content-watcher.ts'

const rate = { rateWei: 10n, chunkSeconds: 4, length: 10 }

describe('a price by the second', () => {
  it('counts the last chunk by the seconds that are left', () => {
    expect(chunkCountOf(rate)).toBe(3)
    expect([0, 1, 2].map(chunk => chunkPriceWei(rate, chunk))).toEqual([40n, 40n, 20n])
  })
})

describe('content by the second', () => {
  it('is sent one chunk ahead of its payment, however a viewer seeks, and never further', () => {
    const step = fc.record({ chunk: fc.nat(3), pays: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        let source = openContentSource(rate)
        let watcher = openContentWatcher(rate)
        for (const { chunk, pays } of steps) {
          const next = takeWant(source, chunk, pays ? watcher.owedWei : undefined)
          if (!next.ok) continue
          source = next.value
          watcher = takeChunk(watcher, chunk)
          expect(source.dueWei).toBe(watcher.owedWei)
          expect(source.dueWei - source.promisedWei).toBeLessThanOrEqual(40n)
        }
        expect(source.dueWei).toBeLessThanOrEqual(100n)
      }),
    )
  })

  it('costs the whole length once when all of it is watched, in any order, twice', () => {
    let watcher = openContentWatcher(rate)
    let source = openContentSource(rate)
    for (const chunk of [2, 0, 1, 1, 0, 2]) {
      const next = takeWant(source, chunk, watcher.owedWei)
      if (!next.ok) throw new Error(next.error.code)
      source = next.value
      watcher = takeChunk(watcher, chunk)
    }
    expect(watcher.owedWei).toBe(100n)
    expect(takePromise(source, 100n)).toMatchObject({ ok: true, value: { promisedWei: 100n } })
  })

  it('is refused where a payment lacks, goes down, or names a chunk that is none', () => {
    const refused = (result: { ok: boolean; error?: { code: string } }) => result.error?.code
    const first = takeWant(openContentSource(rate), 0, undefined)
    if (!first.ok) throw new Error(first.error.code)
    expect(refused(takeWant(first.value, 1, 39n) as never)).toBe('payment-short')
    expect(refused(takeWant(first.value, 3, 40n) as never)).toBe('chunk-out-of-turn')
    const second = takeWant(first.value, 1, 40n)
    if (!second.ok) throw new Error(second.error.code)
    expect(refused(takeWant(second.value, 2, 39n) as never)).toBe('payment-goes-down')
    expect(refused(takePromise(second.value, 39n) as never)).toBe('payment-goes-down')
  })

  it('sends what was sent again, a few times', () => {
    let source = openContentSource(rate)
    for (let i = 0; i < 4; i++) {
      const next = takeWant(source, 0, undefined)
      if (!next.ok) throw new Error(next.error.code)
      source = next.value
    }
    expect(takeWant(source, 0, undefined)).toMatchObject({ ok: false, error: { code: 'rate-limited' } })
  })

  it('goes on from a proof of its own that the other side shows after a loss', () => {
    const lost = recallPromise(openContentWatcher(rate), 80n)
    expect(lost.owedWei).toBe(80n)
    expect(recallPromise(takeChunk(lost, 2), 80n).owedWei).toBe(100n)
  })
})
