import { settleReceipts } from '#chain/settler.ts'
import { ownerEarnedWei } from '#payments/purchase.ts'
import { listOrders } from './orders.ts'
import type { PublisherPorts } from './ports.ts'
import { forgetReceipts, listHeldReceipts } from './receipts.ts'
import { listVideos } from './videos.ts'

export type SettlingPorts = Pick<
  PublisherPorts,
  'config' | 'crypto' | 'reader' | 'records' | 'writer' | 'notice'
>

/** What a publisher holds, from its records alone. */
export type PublisherStatus = {
  readonly videos: number
  /** Orders whose escrow has not ended. */
  readonly open: number
  /** Receipts held whose escrow has not ended. */
  readonly receipts: number
}

/**
 * Settles what the policy says is worth it; with `isStopping` whatever pays. Needs no running publisher, and does no
 * harm beside one: the contract counts bytes cumulatively.
 */
export const settlePublisher = async (
  { config, crypto, reader, records, writer, notice }: SettlingPorts,
  isStopping: boolean,
  signal?: AbortSignal,
): Promise<void> => {
  const { ended, settled } = await settleReceipts(
    {
      reader,
      writer,
      policy: config.settle,
      gainOf: ({ order: { terms } }, newBytes, { bytes }) =>
        ownerEarnedWei(terms, bytes + newBytes) - ownerEarnedWei(terms, bytes),
    },
    await listHeldReceipts(crypto, records),
    isStopping,
    signal,
  )
  for (const nonce of ended) await forgetReceipts(records, nonce)
  if (settled === undefined) return
  notice('settled', { transaction: settled.transaction.hash, skipped: settled.skipped.length })
  for (const { nonce, leaf, reason } of settled.skipped) notice('receipt-skipped', { nonce, leaf, reason })
}

export const readPublisherStatus = async ({
  crypto,
  records,
}: Pick<PublisherPorts, 'crypto' | 'records'>): Promise<PublisherStatus> => {
  const [videos, orders, receipts] = await Promise.all([
    listVideos(records),
    listOrders(records),
    listHeldReceipts(crypto, records),
  ])
  return {
    videos: videos.length,
    open: orders.filter(({ state }) => state === 'open').length,
    receipts: receipts.length,
  }
}
