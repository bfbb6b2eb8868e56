import type { HeldReceipt } from '#chain/settler.ts'
import type { Letter } from '#network/mailbox.ts'
import { newerReceipt } from '#payments/receipt-book.ts'
import { nameOrder } from '#protocol/check-order.ts'
import { parseFields } from '#protocol/fields.ts'
import { canonicalText } from '#protocol/json.ts'
import { type SentReceipt, sentReceiptSchema, verifySentReceipt } from '#protocol/receipt.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { PublicKey, PurchaseNonce } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'
import { findOrder } from './orders.ts'

const table = 'publisher-receipts'

const keyOf = ({ nonce, leaf }: { readonly nonce: PurchaseNonce; readonly leaf: number }) =>
  `${nonce}/${String(leaf).padStart(10, '0')}`

/** Takes a receipt that a host sent on; stored when it resolves, unless a newer one is. */
export const takeReceipt = async (
  { crypto, records }: { readonly crypto: Crypto; readonly records: Records },
  ownerNode: PublicKey,
  { sender }: Letter,
  receipt: SentReceipt,
): Promise<void> => {
  const record = await findOrder(records, receipt.nonce)
  if (record === undefined) throw new ParatiiError('purchase-unknown', { nonce: receipt.nonce })
  const { order, signer } = record
  const allotment = order.leaves[receipt.leaf]
  if (allotment === undefined || allotment.key !== sender)
    throw new ParatiiError('receipt-mismatch', { field: 'leaf' })
  if (allotment.payout !== receipt.payout) throw new ParatiiError('receipt-mismatch', { field: 'payout' })
  const expected = {
    store: paratiiDomain(order.chainId, order.store),
    nonce: receipt.nonce,
    signer,
    owner: ownerNode,
    leaf: receipt.leaf,
    key: sender,
  }
  orThrow(verifySentReceipt(crypto, receipt, expected))
  const stored = await findReceipt(records, receipt)
  if (newerReceipt(stored, receipt) !== receipt) return
  await records.write([{ table, key: keyOf(receipt), value: canonicalText(receipt) }])
}

/** All receipts held, with what settling them takes. */
export const listHeldReceipts = async (crypto: Crypto, records: Records): Promise<readonly HeldReceipt[]> => {
  const held: HeldReceipt[] = []
  for (const { value } of await records.list(table, '')) {
    const receipt = parse(value)
    const record = await findOrder(records, receipt.nonce)
    if (record === undefined) throw new ParatiiError('store-failed', { nonce: receipt.nonce })
    const { order, signer, nonce } = record
    const context = { chainId: order.chainId, store: order.store, token: order.store }
    const allotment = order.leaves[receipt.leaf]
    const branch = orThrow(nameOrder(crypto, order, context)).branches[receipt.leaf]
    if (allotment === undefined || branch === undefined) throw new ParatiiError('store-failed', { nonce })
    held.push({ nonce, order, signer, allotment, branch, receipt })
  }
  return held
}

/** Forgets the receipts of a purchase whose escrow has ended. */
export const forgetReceipts = async (records: Records, nonce: PurchaseNonce): Promise<void> => {
  const entries = await records.list(table, `${nonce}/`)
  await records.write(entries.map(({ key }) => ({ table, key, value: undefined })))
}

const findReceipt = async (records: Records, receipt: SentReceipt): Promise<SentReceipt | undefined> => {
  const value = await records.get(table, keyOf(receipt))
  return value === undefined ? undefined : parse(value)
}

const parse = (value: string): SentReceipt =>
  orThrow(parseFields(sentReceiptSchema, JSON.parse(value), 'store-failed'))
