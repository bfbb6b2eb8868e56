import type { Address, Hash } from '#std/brand.ts'

/** A bid for a viewer's time as the auction sees it, its signature checked. */
export type StandingBid = {
  readonly hash: Hash
  /** Who bids. */
  readonly payer: Address
  /** Base units a second to the viewer; below zero the viewer would pay. */
  readonly rateWei: bigint
  /** The site's part of it, in 1/10000. */
  readonly affiliateBps: number
  readonly receivedAtMs: number
  /** Unix seconds. */
  readonly validUntil: number
}

/** What a second is worth to the viewer, the site's part taken off. What the viewer pays, it pays whole. */
export const netRateWei = ({ rateWei, affiliateBps }: StandingBid): bigint =>
  rateWei > 0n ? rateWei - (rateWei * BigInt(affiliateBps)) / 10_000n : rateWei

/**
 * The one auction: bids that are still valid and not below the minimum, the highest net rate first, then the earliest,
 * then by hash, so that the same bids have the same order everywhere. `failed`: bidders who did not keep an accepted bid,
 * with how often; each time halves what their rates count for (a rate that the viewer would pay doubles).
 */
export const rankBids = (
  bids: readonly StandingBid[],
  minimumWei: bigint,
  nowMs: number,
  failed: ReadonlyMap<Address, number> = new Map(),
): readonly StandingBid[] => {
  const weigh = (bid: StandingBid): bigint => {
    const net = netRateWei(bid)
    const halvings = BigInt(Math.min(failed.get(bid.payer) ?? 0, 96))
    return net < 0n ? net << halvings : net >> halvings
  }
  return bids
    .filter(bid => netRateWei(bid) >= minimumWei && bid.validUntil * 1000 > nowMs)
    .map(bid => ({ bid, weight: weigh(bid) }))
    .sort(
      (a, b) =>
        compare(b.weight, a.weight) ||
        a.bid.receivedAtMs - b.bid.receivedAtMs ||
        compare(a.bid.hash, b.bid.hash),
    )
    .map(({ bid }) => bid)
}

const compare = <T extends bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
