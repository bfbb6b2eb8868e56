import { meetsRule, type RecordRule, type ViewerProfile } from './viewer-profile.ts'

/** How an advertiser bids for one campaign. Rates in base units a second. */
export type BiddingPolicy = {
  /** Never more. */
  readonly maxRateWei: bigint
  /** Always the most, or the rate at which past bids say most is gained. */
  readonly rule: 'flat' | 'gain'
  /** What a second of a viewer's time is worth to the advertiser; for `gain` alone. */
  readonly valueWei: bigint
  /** Spread the deposit evenly over the campaign's time. */
  readonly isPaced: boolean
  /** Whom to bid for at all. */
  readonly wanted: RecordRule
  /** A viewer who voted more often down than up wants more for its time: percent of the rate, up to the most. */
  readonly critic: number
}

/** A bid of this campaign, and whether its viewer took it. */
export type PastBid = { readonly rateWei: bigint; readonly won: boolean }

export type BiddingInput = {
  /** Below which the viewer wants no bid. */
  readonly minimumWei: bigint
  readonly profile: ViewerProfile
  readonly past: readonly PastBid[]
  readonly budget: {
    readonly depositUnits: number
    readonly committedUnits: number
    /** Unix seconds. */
    readonly startedAt: number
    readonly endsAt: number
  }
  readonly nowSeconds: number
}

/** The rate to bid, or undefined for no bid. */
export const decideBid = (policy: BiddingPolicy, input: BiddingInput): bigint | undefined => {
  const { minimumWei, profile, nowSeconds } = input
  if (!meetsRule(policy.wanted, profile, nowSeconds)) return undefined
  if (policy.isPaced && isAhead(input)) return undefined
  const base = policy.rule === 'gain' ? bestRateWei(policy, input.past) : policy.maxRateWei
  const percent = profile.votesDown > profile.votesUp ? policy.critic : 100
  const wished = atMost((base * BigInt(percent)) / 100n, policy.maxRateWei)
  // Below the minimum a bid is not looked at, so it is either the minimum or none.
  if (minimumWei > policy.maxRateWei) return undefined
  const rateWei = atLeast(wished, minimumWei)
  return rateWei > 0n ? rateWei : undefined
}

/** Part of a campaign's time that its spending may run ahead of. */
const slackParts = 50

/** Whether more is committed than the part of the deposit that the part of the time that went by allows. */
const isAhead = ({ budget, nowSeconds }: BiddingInput): boolean => {
  const { depositUnits, committedUnits, startedAt, endsAt } = budget
  const whole = Math.max(endsAt - startedAt, 1)
  const gone = Math.min(Math.max(nowSeconds - startedAt, 0) + whole / slackParts, whole)
  return committedUnits >= (depositUnits * gone) / whole
}

/** Bids below which experience says nothing. */
const enoughBids = 20

/**
 * The rate r, of those bid before, with the greatest (value - r) x (share won by bids of at most r): a bid that won at
 * less would have won at r too. The most until there is experience; the lowest of equals.
 */
const bestRateWei = ({ maxRateWei, valueWei }: BiddingPolicy, past: readonly PastBid[]): bigint => {
  if (past.length < enoughBids) return maxRateWei
  const rising = past
    .filter(({ rateWei }) => rateWei <= maxRateWei)
    .sort((a, b) => (a.rateWei < b.rateWei ? -1 : a.rateWei > b.rateWei ? 1 : 0))
  let best = { rateWei: maxRateWei, gain: -1n }
  let won = 0n
  for (const { rateWei, won: isWon } of rising) {
    if (isWon) won++
    const gain = (valueWei - rateWei) * won
    if (gain > best.gain) best = { rateWei, gain }
  }
  return best.rateWei
}

const atLeast = (amount: bigint, least: bigint): bigint => (amount > least ? amount : least)
const atMost = (amount: bigint, most: bigint): bigint => (amount < most ? amount : most)
