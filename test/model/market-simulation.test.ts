import { describe, expect, it } from 'vitest'
import { simulateMarket } from '../simulation/market.ts'

describe('a market of a few hundred people', () => {
  it('loses no token, passes no budget, and gives the same figures again', () => {
    const size = { seed: 7, viewers: 100, advertisers: 8, publishers: 8, days: 2 }
    const figures = simulateMarket(size)
    expect(figures.fillRate).toBeGreaterThan(0.3)
    expect(figures.attention.finished).toBeGreaterThan(50)
    expect(figures.cheaters['lost by viewers to them']).toBe('0')
    for (const { spentPart } of figures.bidding) expect(spentPart).toBeLessThanOrEqual(1)
    expect(figures.pricing.every(({ earned }) => earned !== '0')).toBe(true)
    expect(simulateMarket(size)).toEqual(figures)
    expect(simulateMarket({ ...size, seed: 8 })).not.toEqual(figures)
  })
})
