/** What chain and signed votes show of an account. Whoever prices or bids knows no more than this. */
export type ViewerProfile = {
  /** Unix seconds of the account's first action; undefined: never seen. */
  readonly since: number | undefined
  /** Seconds of content that it paid for. */
  readonly paidSeconds: number
  /** Base units that it spent on content. */
  readonly spentWei: bigint
  /** Base units that it was paid for attention. */
  readonly earnedWei: bigint
  /** Campaigns that paid it. */
  readonly campaigns: number
  readonly votesUp: number
  readonly votesDown: number
}

/** An account that nobody has seen, or none shown. */
export const unknownViewer: ViewerProfile = {
  since: undefined,
  paidSeconds: 0,
  spentWei: 0n,
  earnedWei: 0n,
  campaigns: 0,
  votesUp: 0,
  votesDown: 0,
}

/** What an account must have to be wanted; zeros want everybody. */
export type RecordRule = {
  /** Seconds since its first action. */
  readonly ageSeconds: number
  readonly paidSeconds: number
  readonly spentWei: bigint
  readonly votes: number
}

export const anyRecord: RecordRule = { ageSeconds: 0, paidSeconds: 0, spentWei: 0n, votes: 0 }

/** Whether a record has all that a rule asks for. */
export const meetsRule = (rule: RecordRule, profile: ViewerProfile, nowSeconds: number): boolean =>
  (rule.ageSeconds === 0 || (profile.since !== undefined && nowSeconds - profile.since >= rule.ageSeconds)) &&
  profile.paidSeconds >= rule.paidSeconds &&
  profile.spentWei >= rule.spentWei &&
  profile.votesUp + profile.votesDown >= rule.votes
