import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitUnits, leftFor, openCampaignBook } from './campaign-book.ts'

describe('the budget of a campaign', () => {
  it('is never passed, nor the part of one viewer, whoever asks in whatever order', () => {
    const wish = fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 60 }))
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 60 }), wishes => {
        let book = openCampaignBook(500, 120)
        const got = new Map<number, number>()
        for (const [who, units] of wishes) {
          const had = got.get(who) ?? 0
          const next = commitUnits(book, had, units)
          expect(next.ok).toBe(units <= leftFor(book, had))
          if (!next.ok) continue
          book = next.value
          got.set(who, had + units)
        }
        const total = [...got.values()].reduce((sum, units) => sum + units, 0)
        expect(book.committedUnits).toBe(total)
        expect(total).toBeLessThanOrEqual(500)
        for (const units of got.values()) expect(units).toBeLessThanOrEqual(120)
      }),
    )
  })

  it('says which of the two is used up', () => {
    const once = commitUnits(openCampaignBook(100, 60), 0, 60)
    if (!once.ok) throw new Error(once.error.code)
    expect(commitUnits(once.value, 60, 1)).toMatchObject({ error: { code: 'viewer-not-wanted' } })
    expect(commitUnits(once.value, 0, 41)).toMatchObject({ error: { code: 'campaign-exhausted' } })
    expect(commitUnits(once.value, 0, 40).ok).toBe(true)
  })
})
