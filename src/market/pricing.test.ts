import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestPriceWei, decidePrice, type PricingInput, type PricingPolicy } from './pricing.ts'
import { anyRecord, unknownViewer } from './viewer-profile.ts'

const flat: PricingPolicy = { floorWei: 100n, rule: 'flat', counters: 2, records: [] }
const input: PricingInput = {
  bidWei: 100n,
  profile: unknownViewer,
  pastWei: [],
  countered: 0,
  nowSeconds: 1000,
}

describe('a flat price', () => {
  it('is what everybody pays who would pay it', () => {
    expect(decidePrice(flat, input)).toEqual({ kind: 'accept', rateWei: 100n })
    expect(decidePrice(flat, { ...input, bidWei: 500n })).toEqual({ kind: 'accept', rateWei: 100n })
  })

  it('is named to a lower bidder so often and no more', () => {
    const low = { ...input, bidWei: 99n }
    expect(decidePrice(flat, low)).toEqual({ kind: 'counter', rateWei: 100n, left: 1 })
    expect(decidePrice(flat, { ...low, countered: 1 })).toEqual({ kind: 'counter', rateWei: 100n, left: 0 })
    expect(decidePrice(flat, { ...low, countered: 2 })).toEqual({ kind: 'refuse' })
  })
})

describe('a price by record', () => {
  it('is that of the first rule the account meets, and never below the floor', () => {
    const records = [
      { rule: { ...anyRecord, paidSeconds: 3600 }, percent: 120 },
      { rule: { ...anyRecord, ageSeconds: 10 }, percent: 50 },
      { rule: anyRecord, percent: 200 },
    ]
    const priceOf = (profile: typeof unknownViewer) =>
      decidePrice({ ...flat, records }, { ...input, bidWei: 1000n, profile })
    expect(priceOf(unknownViewer)).toEqual({ kind: 'accept', rateWei: 200n })
    expect(priceOf({ ...unknownViewer, since: 980, paidSeconds: 3600 })).toMatchObject({ rateWei: 120n })
    expect(priceOf({ ...unknownViewer, since: 980 })).toMatchObject({ rateWei: 100n })
  })
})

describe('a price by past bids', () => {
  const revenue: PricingPolicy = { ...flat, rule: 'revenue', floorWei: 1n }

  it('is the one that would have earned most', () => {
    const pastWei = [10n, 10n, 10n, 10n, 10n, 10n, 40n, 40n]
    expect(bestPriceWei(pastWei, 1n)).toBe(10n)
    expect(bestPriceWei([...pastWei, 40n], 1n)).toBe(40n)
    expect(decidePrice(revenue, { ...input, bidWei: 50n, pastWei })).toEqual({ kind: 'accept', rateWei: 10n })
  })

  it('is the floor until there are bids to learn from', () => {
    expect(decidePrice(revenue, { ...input, pastWei: [1000n] })).toEqual({ kind: 'accept', rateWei: 1n })
  })

  it('earns at least as much from those bids as any other, and is never below the floor', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(0n, 1000n), { maxLength: 30 }),
        fc.bigInt(0n, 1000n),
        (pastWei, floorWei) => {
          const earns = (rateWei: bigint) => rateWei * BigInt(pastWei.filter(past => past >= rateWei).length)
          const best = bestPriceWei(pastWei, floorWei)
          expect(best).toBeGreaterThanOrEqual(floorWei)
          for (const other of pastWei.filter(past => past >= floorWei))
            expect(earns(best)).toBeGreaterThanOrEqual(earns(other))
        },
      ),
    )
  })

  it('never sells above the bid', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 1000n),
        fc.array(fc.bigInt(0n, 1000n), { maxLength: 30 }),
        (bidWei, pastWei) => {
          const decision = decidePrice(revenue, { ...input, bidWei, pastWei })
          if (decision.kind === 'accept') expect(decision.rateWei).toBeLessThanOrEqual(bidWei)
        },
      ),
    )
  })
})
