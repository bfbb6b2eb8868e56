import type { PurchaseView } from '#bridge/shapes.ts'

/** What a purchase still holds: not paid, and not come back. Nothing once the chain has settled it. */
export const heldWei = ({ totalWei, paidWei, isSettled }: PurchaseView): bigint =>
  isSettled === true || paidWei >= totalWei ? 0n : totalWei - paidWei
