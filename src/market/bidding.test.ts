import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BiddingInput, type BiddingPolicy, decideBid } from './bidding.ts'
import { anyRecord, unknownViewer } from './viewer-profile.ts'

const flat: BiddingPolicy = {
  maxRateWei: 100n,
  rule: 'flat',
  valueWei: 120n,
  isPaced: false,
  wanted: anyRecord,
  critic: 100,
}
const input: BiddingInput = {
  minimumWei: 10n,
  profile: unknownViewer,
  past: [],
  budget: { depositUnits: 1000, committedUnits: 0, startedAt: 0, endsAt: 1000 },
  nowSeconds: 0,
}

describe('a flat bid', () => {
  it('is the most that the campaign pays, or none where the viewer wants more', () => {
    expect(decideBid(flat, input)).toBe(100n)
    expect(decideBid(flat, { ...input, minimumWei: 101n })).toBeUndefined()
  })

  it('is for viewers whose record the campaign wants', () => {
    const wanted = { ...anyRecord, votes: 1, spentWei: 5n }
    expect(decideBid({ ...flat, wanted }, input)).toBeUndefined()
    const profile = { ...unknownViewer, votesUp: 1, spentWei: 5n }
    expect(decideBid({ ...flat, wanted }, { ...input, profile })).toBe(100n)
  })
})

describe('a paced campaign', () => {
  const paced = { ...flat, isPaced: true }
  const at = (nowSeconds: number, committedUnits: number) =>
    decideBid(paced, { ...input, nowSeconds, budget: { ...input.budget, committedUnits } })

  it('bids as long as it is not ahead of its time', () => {
    expect(at(0, 0)).toBe(100n)
    expect(at(0, 20)).toBeUndefined()
    expect(at(500, 519)).toBe(100n)
    expect(at(500, 520)).toBeUndefined()
    expect(at(1000, 999)).toBe(100n)
    expect(at(1000, 1000)).toBeUndefined()
  })
})

describe('a bid by experience', () => {
  const gain: BiddingPolicy = { ...flat, rule: 'gain' }
  const past = Array.from({ length: 40 }, (_, i) => ({ rateWei: BigInt(2 * i + 10), won: i >= 10 }))

  it('is where value less rate, times the wins, was greatest', () => {
    const rate = decideBid(gain, { ...input, past })
    const gains = past
      .filter(({ rateWei }) => rateWei <= 100n)
      .map(({ rateWei }) => ({
        rateWei,
        gain: (120n - rateWei) * BigInt(past.filter(bid => bid.won && bid.rateWei <= rateWei).length),
      }))
    const best = gains.reduce((a, b) => (b.gain > a.gain ? b : a))
    expect(rate).toBe(best.rateWei)
  })

  it('is the most until there is experience', () => {
    expect(decideBid(gain, { ...input, past: past.slice(0, 5) })).toBe(100n)
  })

  it('asks a critic with more, up to the most', () => {
    const profile = { ...unknownViewer, votesDown: 2, votesUp: 1 }
    const usual = decideBid(gain, { ...input, past }) ?? 0n
    expect(decideBid({ ...gain, critic: 110 }, { ...input, past, profile })).toBe((usual * 110n) / 100n)
    expect(decideBid({ ...gain, critic: 900 }, { ...input, past, profile })).toBe(100n)
  })
})

it('no policy bids above its most or below the minimum', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<BiddingPolicy['rule']>('flat', 'gain'),
      fc.boolean(),
      fc.bigInt(-50n, 200n),
      fc.array(fc.record({ rateWei: fc.bigInt(0n, 150n), won: fc.boolean() }), { maxLength: 40 }),
      (rule, isPaced, minimumWei, past) => {
        const rate = decideBid({ ...flat, rule, isPaced, critic: 150 }, { ...input, minimumWei, past })
        if (rate === undefined) return
        expect(rate).toBeLessThanOrEqual(100n)
        expect(rate).toBeGreaterThanOrEqual(minimumWei)
      },
    ),
  )
})
