import { settleReceipts } from '#chain/settler.ts'
import { hostEarnedWei } from '#payments/purchase.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { listKeptVideos } from './kept-videos.ts'
import type { HostPorts } from './ports.ts'
import { countPurchases, forgetPurchase, listHeldReceipts } from './served-purchases.ts'

export type SettlingPorts = Pick<HostPorts, 'config' | 'crypto' | 'reader' | 'records' | 'writer' | 'notice'>

/** What a host holds, from its records alone. */
export type HostStatus = {
  readonly videos: number
  readonly purchases: number
  /** Receipts held whose escrow has not ended. */
  readonly receipts: number
}

/**
 * Settles what the policy says is worth it; with `isStopping` whatever pays. Answers the purchases that have ended and
 * are forgotten. Needs no running host, and does no harm beside one: the contract counts bytes cumulatively.
 */
export const settleHost = async (
  { config, crypto, reader, records, writer, notice }: SettlingPorts,
  isStopping: boolean,
  signal?: AbortSignal,
): Promise<readonly PurchaseNonce[]> => {
  const { ended, settled } = await settleReceipts(
    {
      reader,
      writer,
      policy: config.settle,
      gainOf: ({ order, allotment }, newBytes) => hostEarnedWei(order.terms, allotment, newBytes),
    },
    await listHeldReceipts(crypto, records),
    isStopping,
    signal,
  )
  for (const nonce of ended) await forgetPurchase(records, nonce)
  if (settled === undefined) return ended
  notice('settled', { transaction: settled.transaction.hash, skipped: settled.skipped.length })
  for (const { nonce, leaf, reason } of settled.skipped) notice('receipt-skipped', { nonce, leaf, reason })
  return ended
}

export const readHostStatus = async ({
  crypto,
  records,
}: Pick<HostPorts, 'crypto' | 'records'>): Promise<HostStatus> => {
  const [videos, receipts, purchases] = await Promise.all([
    listKeptVideos(records),
    listHeldReceipts(crypto, records),
    countPurchases(records),
  ])
  return { videos: videos.length, purchases, receipts: receipts.length }
}
