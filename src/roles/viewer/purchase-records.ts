import * as v from 'valibot'
import {
  addressField,
  listField,
  multiaddrsField,
  parseFields,
  publicKeyField,
  purchaseNonceField,
  type Schema,
} from '#protocol/fields.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import { canonicalText } from '#protocol/json.ts'
import { type Order, orderSchema } from '#protocol/order.ts'
import { type Receipt, receiptSchema } from '#protocol/receipt.ts'
import type { Address, PublicKey, PurchaseNonce } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** A purchase as its viewer keeps it: all that is needed to go on after a restart, but for the node key. */
export type PurchaseRecord = {
  readonly nonce: PurchaseNonce
  readonly signer: Address
  readonly order: Order
  /** The owner's node key, named in receipts. */
  readonly ownerNode: PublicKey
  readonly mailbox: PublicKey
  readonly publisherAddresses: readonly string[]
  /** By allotment: `hosts[i]` is the host of leaf i. */
  readonly hosts: readonly ListedHost[]
}

const purchases = 'viewer-purchases'
const receipts = 'viewer-receipts'

const purchaseSchema: Schema<PurchaseRecord> = v.object({
  nonce: purchaseNonceField,
  signer: addressField,
  order: orderSchema,
  ownerNode: publicKeyField,
  mailbox: publicKeyField,
  publisherAddresses: listField(v.string(), 256),
  hosts: listField(v.object({ key: publicKeyField, payout: addressField, addresses: multiaddrsField }), 128),
})

export const savePurchase = (records: Records, purchase: PurchaseRecord): Promise<void> =>
  records.write([{ table: purchases, key: purchase.nonce, value: canonicalText(purchase) }])

export const findPurchase = async (
  records: Records,
  nonce: PurchaseNonce,
): Promise<PurchaseRecord | undefined> => {
  const value = await records.get(purchases, nonce)
  return value === undefined
    ? undefined
    : orThrow(parseFields(purchaseSchema, JSON.parse(value), 'store-failed'))
}

/** Stores the newest receipt for one host; to be done before it is sent. */
export const saveReceipt = (records: Records, receipt: Receipt): Promise<void> =>
  records.write([{ table: receipts, key: `${receipt.nonce}/${receipt.leaf}`, value: canonicalText(receipt) }])

export const findReceipt = async (
  records: Records,
  nonce: PurchaseNonce,
  leaf: number,
): Promise<Receipt | undefined> => {
  const value = await records.get(receipts, `${nonce}/${leaf}`)
  return value === undefined
    ? undefined
    : orThrow(parseFields(receiptSchema, JSON.parse(value), 'store-failed'))
}
