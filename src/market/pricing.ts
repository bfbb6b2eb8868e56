import { meetsRule, type RecordRule, type ViewerProfile } from './viewer-profile.ts'

/** How a publisher answers bids for one format. Rates in base units a second. */
export type PricingPolicy = {
  /** Nothing is sold below. */
  readonly floorWei: bigint
  /** How the price is found: the floor, or the rate that past bids say earns most. */
  readonly rule: 'flat' | 'revenue'
  /** Counter-offers to one payer for one video; a lower bid is refused after so many. */
  readonly counters: number
  /** By the payer's public record: the first rule that it meets multiplies the price, never below the floor. */
  readonly records: readonly { readonly rule: RecordRule; readonly percent: number }[]
}

export type PricingInput = {
  /** The most that this viewer would pay. */
  readonly bidWei: bigint
  readonly profile: ViewerProfile
  /** The most that earlier bidders would have paid for this format, whatever they were answered. */
  readonly pastWei: readonly bigint[]
  /** Counter-offers that this payer had for this video. */
  readonly countered: number
  readonly nowSeconds: number
}

export type PricingDecision =
  | { readonly kind: 'accept'; readonly rateWei: bigint }
  | { readonly kind: 'counter'; readonly rateWei: bigint; readonly left: number }
  | { readonly kind: 'refuse' }

/**
 * Answers one bid. A bid at or above the price is accepted at the price, not at the bid: so naming one's true most is
 * never worse for a viewer, and what publishers learn from bids is true.
 */
export const decidePrice = (policy: PricingPolicy, input: PricingInput): PricingDecision => {
  const rateWei = priceFor(policy, input)
  if (input.bidWei >= rateWei) return { kind: 'accept', rateWei }
  if (input.countered >= policy.counters) return { kind: 'refuse' }
  return { kind: 'counter', rateWei, left: policy.counters - input.countered - 1 }
}

/** Past bids below which experience says nothing. */
const enoughBids = 8

const priceFor = (policy: PricingPolicy, { profile, pastWei, nowSeconds }: PricingInput): bigint => {
  const base =
    policy.rule === 'revenue' && pastWei.length >= enoughBids
      ? bestPriceWei(pastWei, policy.floorWei)
      : policy.floorWei
  const percent = policy.records.find(({ rule }) => meetsRule(rule, profile, nowSeconds))?.percent ?? 100
  const rateWei = (base * BigInt(percent)) / 100n
  return rateWei > policy.floorWei ? rateWei : policy.floorWei
}

/** The rate r, of those that were bid, with the greatest r x (bids of at least r); the lowest of equals. */
export const bestPriceWei = (pastWei: readonly bigint[], floorWei: bigint): bigint => {
  const falling = pastWei.filter(rate => rate >= floorWei).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
  let best = { rateWei: floorWei, revenue: floorWei * BigInt(falling.length) }
  for (const [above, rateWei] of falling.entries()) {
    const revenue = rateWei * BigInt(above + 1)
    if (revenue > best.revenue || (revenue === best.revenue && rateWei < best.rateWei))
      best = { rateWei, revenue }
  }
  return best.rateWei
}
