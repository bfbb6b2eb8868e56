import type { PurchaseNonce } from '#std/brand.ts'

/** A receipt that could be settled now. */
export type Claim = {
  readonly nonce: PurchaseNonce
  readonly leaf: number
  /** What settling it would newly pay to the one who asks, in base units. */
  readonly gainWei: bigint
  /** From this time on it pays nothing. */
  readonly escrowEndMs: number
}

export type SettlePolicy = {
  /** Gas cost of a batch without its receipts, worth in base units of PTI. */
  readonly batchCostWei: bigint
  /** Gas cost of each receipt in a batch, worth in base units of PTI. */
  readonly receiptCostWei: bigint
  /** A batch goes out by itself when it gains so many times what it costs. */
  readonly worthTimes: bigint
  /** A batch that gains less than this waits, however cheap gas is. */
  readonly leastGainWei: bigint
  /** Claims are settled so long before their escrow ends, and alone if need be. */
  readonly marginMs: number
  /** Receipts of one batch. */
  readonly maxReceipts: number
}

/**
 * The claims to settle now, the largest gains first; none if it is better to wait. A claim that gains no more than
 * its own gas is never settled, nor one whose escrow has ended. A batch goes out when it pays, when the escrow of
 * one of its claims ends soon, or when the daemon stops; once it goes, all worth their gas go along.
 */
export const chooseClaims = (
  claims: readonly Claim[],
  policy: SettlePolicy,
  now: { readonly nowMs: number; readonly isStopping: boolean },
): readonly Claim[] => {
  const worth = claims.filter(claim => claim.gainWei > policy.receiptCostWei && claim.escrowEndMs > now.nowMs)
  const isUrgent = (claim: Claim) => claim.escrowEndMs - policy.marginMs <= now.nowMs
  const batch = worth
    .toSorted((a, b) => Number(isUrgent(b)) - Number(isUrgent(a)) || compare(b.gainWei, a.gainWei))
    .slice(0, policy.maxReceipts)
  const gainWei = batch.reduce((sum, claim) => sum + claim.gainWei, 0n)
  const costWei = policy.batchCostWei + policy.receiptCostWei * BigInt(batch.length)
  if (gainWei <= costWei) return []
  const pays = gainWei >= policy.worthTimes * costWei && gainWei >= policy.leastGainWei
  return pays || now.isStopping || batch.some(isUrgent) ? batch : []
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
