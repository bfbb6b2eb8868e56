import type { Payment } from '#protocol/exchange.ts'
import { extendDigest, firstDigest, type Receipt } from '#protocol/receipt.ts'
import type { Cid } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/**
 * Decides whether a payment replaces the newest receipt that a host holds of its purchase and key. Signature and
 * parties were checked (`verifyReceipt`). Returns the newly counted bytes: 0 when the same receipt came again.
 *
 * Refused: fewer bytes, or as many under another digest (`receipt-goes-down`); blocks that do not lead to the
 * digest, or whose sizes do not add up to the bytes (`receipt-digest`). A payment that lists no blocks brings a host
 * that lost its newest receipts up to date: there is nothing to recompute, and the signature is what pays.
 *
 * @param held The newest receipt held, if any.
 * @param sizeOf Bytes of a raw leaf of the purchased directory; `undefined` if it has no such leaf.
 */
export const acceptPayment = (
  held: Receipt | undefined,
  payment: Payment,
  sizeOf: (cid: Cid) => number | undefined,
): Result<number> => {
  const { receipt, blocks } = payment
  const heldBytes = held?.bytes ?? 0
  const heldDigest = held?.hash ?? firstDigest(receipt.nonce)
  if (receipt.bytes === heldBytes && receipt.hash === heldDigest) return ok(0)
  if (receipt.bytes <= heldBytes) return failed('receipt-goes-down', { bytes: receipt.bytes, heldBytes })
  if (blocks.length === 0) return ok(receipt.bytes - heldBytes)
  let bytes = heldBytes
  for (const cid of blocks) bytes += sizeOf(cid) ?? Number.NaN
  if (bytes !== receipt.bytes) return failed('receipt-digest', { field: 'bytes' })
  if (extendDigest(heldDigest, blocks) !== receipt.hash) return failed('receipt-digest', { field: 'hash' })
  return ok(receipt.bytes - heldBytes)
}

/** The one of two receipts of the same purchase and host that replaces the other. */
export const newerReceipt = (a: Receipt | undefined, b: Receipt | undefined): Receipt | undefined =>
  (b?.bytes ?? -1) > (a?.bytes ?? -1) ? b : a
