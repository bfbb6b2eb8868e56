import { describe, expect, it } from 'vitest'
import { rateOf } from './spending-rate.ts'

describe('the rate of spending', () => {
  it('is what was paid over the time in which it was paid', () => {
    expect(
      rateOf([
        { atMs: 0, paidWei: 100n },
        { atMs: 500, paidWei: 120n },
        { atMs: 2000, paidWei: 300n },
      ]),
    ).toBe(100n)
  })

  it('is nothing before there is a span to speak of, and never less than nothing', () => {
    expect(rateOf([])).toBe(0n)
    expect(rateOf([{ atMs: 5, paidWei: 7n }])).toBe(0n)
    expect(
      rateOf([
        { atMs: 0, paidWei: 9n },
        { atMs: 1000, paidWei: 2n },
      ]),
    ).toBe(0n)
  })
})
