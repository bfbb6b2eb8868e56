import { chooseClaims, type SettlePolicy } from '#payments/settle-policy.ts'
import type { Allotment } from '#protocol/allotment.ts'
import type { Order } from '#protocol/order.ts'
import type { Receipt } from '#protocol/receipt.ts'
import type { Address, Hash, PurchaseNonce } from '#std/brand.ts'
import type { ChainReader, PurchaseState } from './reader.ts'
import type { ChainWriter, Settled } from './writer.ts'

/** The newest receipt of one host in one purchase, as somebody who can settle it holds it. */
export type HeldReceipt = {
  readonly nonce: PurchaseNonce
  readonly order: Order
  readonly signer: Address
  readonly allotment: Allotment
  readonly branch: readonly Hash[]
  readonly receipt: Receipt
}

/** What settling would newly pay to the one who settles, in base units, given what the chain has counted. */
export type GainOf = (held: HeldReceipt, newBytes: number, state: PurchaseState) => bigint

export type SettlerPorts = {
  readonly reader: Pick<ChainReader, 'head' | 'purchase' | 'paidBytes'>
  readonly writer: Pick<ChainWriter, 'settle'>
  readonly policy: SettlePolicy
  readonly gainOf: GainOf
}

/** What a look at the chain found: purchases that nothing can be settled of any more, and what was settled. */
export type SettleOutcome = {
  readonly ended: readonly PurchaseNonce[]
  readonly settled: Settled | undefined
}

/**
 * Settles in one batch what the policy says is worth it now. `isStopping`: whatever pays, as nobody may come back
 * before the escrow ends. Safe to repeat and to run beside others: the contract counts bytes cumulatively.
 */
export const settleReceipts = async (
  ports: SettlerPorts,
  receipts: readonly HeldReceipt[],
  isStopping: boolean,
  signal?: AbortSignal,
): Promise<SettleOutcome> => {
  if (receipts.length === 0) return { ended: [], settled: undefined }
  const { reader, writer, policy, gainOf } = ports
  const nowMs = (await reader.head(signal)).timestampSeconds * 1000
  const ended = new Set<PurchaseNonce>()
  const open: { readonly held: HeldReceipt; readonly gainWei: bigint; readonly escrowEndMs: number }[] = []
  for (const held of receipts) {
    const state = await reader.purchase(held.nonce, signal)
    // Not there (yet, or after a reorganisation) is no end: the order can be submitted again.
    if (state === undefined) continue
    if (state.reclaimed || state.escrowEnd * 1000 <= nowMs) {
      ended.add(held.nonce)
      continue
    }
    const countedBytes = await reader.paidBytes(held.nonce, held.receipt.leaf, signal)
    const newBytes = Math.min(held.receipt.bytes, held.allotment.cap) - countedBytes
    if (newBytes <= 0) continue
    open.push({ held, gainWei: gainOf(held, newBytes, state), escrowEndMs: state.escrowEnd * 1000 })
  }
  const claims = open.map(({ held, ...rest }) => ({
    nonce: held.nonce,
    leaf: held.receipt.leaf,
    held,
    ...rest,
  }))
  const chosen = new Set<unknown>(chooseClaims(claims, policy, { nowMs, isStopping }))
  const batch = claims.filter(claim => chosen.has(claim))
  if (batch.length === 0) return { ended: [...ended], settled: undefined }
  const settled = await writer.settle(
    batch.map(({ held: { order, signer, allotment, branch, receipt } }) => ({
      deal: order,
      signer,
      buyer: order.buyer,
      allotments: order.allotments,
      allotment,
      branch,
      receipt,
    })),
    signal,
  )
  return { ended: [...ended], settled }
}
