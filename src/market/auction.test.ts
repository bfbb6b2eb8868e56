import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address, Hash } from '#std/brand.ts'
import { netRateWei, rankBids, type StandingBid } from './auction.ts'

const addressOf = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as Address
const hashOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as Hash
const bidOf = (n: number, rateWei: bigint, more: Partial<StandingBid> = {}): StandingBid => ({
  hash: hashOf(n),
  payer: addressOf(n),
  rateWei,
  affiliateBps: 0,
  receivedAtMs: n,
  validUntil: 1000,
  ...more,
})
const order = (bids: readonly StandingBid[], minimum = 0n, failed?: ReadonlyMap<Address, number>) =>
  rankBids(bids, minimum, 0, failed).map(({ hash }) => Number(hash))

describe('the auction', () => {
  it('ranks the highest rate first, then the earliest', () => {
    expect(order([bidOf(1, 5n), bidOf(3, 7n), bidOf(2, 7n)])).toEqual([2, 3, 1])
  })

  it('counts what is left to the viewer when the site has had its part', () => {
    const shared = bidOf(1, 100n, { affiliateBps: 1000 })
    expect(netRateWei(shared)).toBe(90n)
    expect(order([shared, bidOf(2, 95n)])).toEqual([2, 1])
  })

  it('ranks asks of publishers below every bid that pays, and only for a viewer who takes them', () => {
    const bids = [bidOf(1, -3n), bidOf(2, 1n), bidOf(3, -1n)]
    expect(order(bids)).toEqual([2])
    expect(order(bids, -3n)).toEqual([2, 3, 1])
  })

  it('lets a bidder who broke its word win only far above the others', () => {
    const failed = new Map([[addressOf(1), 1]])
    expect(order([bidOf(1, 150n), bidOf(2, 100n)], 0n, failed)).toEqual([2, 1])
    expect(order([bidOf(1, 250n), bidOf(2, 100n)], 0n, failed)).toEqual([1, 2])
  })

  it('takes no bid that is void', () => {
    expect(rankBids([bidOf(1, 5n)], 0n, 1_000_000)).toEqual([])
  })

  it('never ranks a bid below the minimum, and orders any bids in one way', () => {
    const bid = fc
      .tuple(fc.nat(50), fc.bigInt(-100n, 100n), fc.integer({ min: 0, max: 10_000 }), fc.nat(5))
      .map(([n, rate, affiliateBps, receivedAtMs]) => bidOf(n, rate, { affiliateBps, receivedAtMs }))
    fc.assert(
      fc.property(
        fc.uniqueArray(bid, { selector: ({ hash }) => hash, maxLength: 12 }),
        fc.bigInt(-100n, 100n),
        (bids, minimum) => {
          const ranked = rankBids(bids, minimum, 0)
          expect(ranked.every(one => netRateWei(one) >= minimum)).toBe(true)
          expect(ranked).toHaveLength(bids.filter(one => netRateWei(one) >= minimum).length)
          expect(rankBids(bids.toReversed(), minimum, 0)).toEqual(ranked)
        },
      ),
    )
  })
})
