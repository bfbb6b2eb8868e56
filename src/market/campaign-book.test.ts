import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '#std/brand.ts'
import { commitUnits, leftForPayee, leftUnits, openCampaignBook, topUpBook } from './campaign-book.ts'

const payeeOf = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as Address

describe('the budget of a campaign', () => {
  it('is never passed, nor the part of one viewer, whoever asks in whatever order', () => {
    const wish = fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 60 }))
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 60 }), wishes => {
        let book = openCampaignBook(500, 120)
        const got = new Map<number, number>()
        for (const [who, units] of wishes) {
          const next = commitUnits(book, payeeOf(who), units)
          const had = got.get(who) ?? 0
          expect(next.ok).toBe(units <= leftUnits(book) && had + units <= 120)
          if (!next.ok) continue
          book = next.value
          got.set(who, had + units)
        }
        const total = [...got.values()].reduce((sum, units) => sum + units, 0)
        expect(book.committedUnits).toBe(total)
        expect(total).toBeLessThanOrEqual(500)
        for (const [who, units] of got)
          expect(leftForPayee(book, payeeOf(who))).toBe(Math.min(500 - total, 120 - units))
      }),
    )
  })

  it('says which of the two is used up', () => {
    const book = openCampaignBook(100, 60)
    const once = commitUnits(book, payeeOf(1), 60)
    if (!once.ok) throw new Error(once.error.code)
    expect(commitUnits(once.value, payeeOf(1), 1)).toMatchObject({ error: { code: 'viewer-not-wanted' } })
    expect(commitUnits(once.value, payeeOf(2), 41)).toMatchObject({ error: { code: 'campaign-exhausted' } })
    expect(commitUnits(topUpBook(once.value, 1), payeeOf(2), 41).ok).toBe(true)
  })
})
