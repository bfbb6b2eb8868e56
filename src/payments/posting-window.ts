import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/**
 * What a poster owes a storing host (docs/spec/posting.md). Pure. Invariant: the host stores its next block only while
 * what is stored and not paid costs no more than its credit, so it can lose credit + one block.
 */
export type PostingWindow = {
  readonly feeWei: bigint
  readonly creditBytes: number
  readonly depositWei: bigint
  /** The newest balance when this posting began: what was bought before. */
  readonly beganWei: bigint
  readonly balanceWei: bigint
  /** Bytes of blocks that the host did not have, in this posting. */
  readonly storedBytes: number
}

/** The balance that pays for all that is stored. */
export const owedWei = ({ beganWei, feeWei, storedBytes }: PostingWindow): bigint =>
  beganWei + feeWei * BigInt(storedBytes)

/** Whether the host waits for a payment before it stores more. */
export const mustPay = (window: PostingWindow): boolean =>
  owedWei(window) - window.balanceWei > window.feeWei * BigInt(window.creditBytes)

export const storeBytes = (window: PostingWindow, bytes: number): PostingWindow => ({
  ...window,
  storedBytes: window.storedBytes + bytes,
})

/** Takes a balance: never below the one held (`receipt-goes-down`), never above the deposit (`balance-too-low`). */
export const payWindow = (window: PostingWindow, balanceWei: bigint): Result<PostingWindow> => {
  if (balanceWei < window.balanceWei) return failed('receipt-goes-down')
  if (balanceWei > window.depositWei) return failed('balance-too-low')
  return ok({ ...window, balanceWei })
}
