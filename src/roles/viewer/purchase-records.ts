import * as v from 'valibot'
import type { CountedBlock } from '#payments/receipt-schedule.ts'
import { maxPaymentBlocks } from '#protocol/exchange.ts'
import {
  addressField,
  cidField,
  listField,
  multiaddrsField,
  parseFields,
  publicKeyField,
  purchaseNonceField,
  type Schema,
  uint40Field,
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
const pendings = 'viewer-pending'

const purchaseSchema: Schema<PurchaseRecord> = v.object({
  nonce: purchaseNonceField,
  signer: addressField,
  order: orderSchema,
  ownerNode: publicKeyField,
  mailbox: publicKeyField,
  publisherAddresses: listField(v.string(), 256),
  hosts: listField(v.object({ key: publicKeyField, payout: addressField, addresses: multiaddrsField }), 128),
})

/** `from`: bytes of the receipt that the blocks come after. */
type Pending = { readonly from: number; readonly blocks: readonly CountedBlock[] }

const pendingSchema: Schema<Pending> = v.object({
  from: uint40Field,
  blocks: listField(v.object({ cid: cidField, bytes: uint40Field }), maxPaymentBlocks),
})

export const savePurchase = (records: Records, purchase: PurchaseRecord): Promise<void> =>
  records.write([{ table: purchases, key: purchase.nonce, value: canonicalText(purchase) }])

export const findPurchase = async (
  records: Records,
  nonce: PurchaseNonce,
): Promise<PurchaseRecord | undefined> => findValue(records, purchases, nonce, purchaseSchema)

/** Where one host stands: our newest receipt for it, and the blocks verified since, which the next one counts. */
export type HostAccount = {
  readonly receipt: Receipt | undefined
  readonly pending: readonly CountedBlock[]
}

/**
 * The host has what we signed, and shows it when the exchange is opened again: a loss of power costs us nothing that a
 * flush of the disk for every receipt would be worth. That the program ends must lose nothing.
 */
const beside = { durability: 'crash' } as const

/** Stores the newest receipt for one host; to be done before it is sent. What was pending before is in it. */
export const saveReceipt = (records: Records, receipt: Receipt): Promise<void> => {
  const key = `${receipt.nonce}/${receipt.leaf}`
  const changes = [
    { table: receipts, key, value: canonicalText(receipt) },
    { table: pendings, key, value: undefined },
  ]
  return records.write(changes, beside)
}

/** Stores the blocks verified since the receipt for so many bytes: a viewer that is killed still pays for them. */
export const savePending = (
  records: Records,
  nonce: PurchaseNonce,
  leaf: number,
  pending: Pending,
): Promise<void> =>
  records.write([{ table: pendings, key: `${nonce}/${leaf}`, value: canonicalText(pending) }], beside)

export const findAccount = async (
  records: Records,
  nonce: PurchaseNonce,
  leaf: number,
): Promise<HostAccount> => {
  const key = `${nonce}/${leaf}`
  const [receipt, pending] = await Promise.all([
    findValue(records, receipts, key, receiptSchema),
    findValue(records, pendings, key, pendingSchema),
  ])
  const isCurrent = pending?.from === (receipt?.bytes ?? 0)
  return { receipt, pending: isCurrent ? pending.blocks : [] }
}

const findValue = async <T>(
  records: Records,
  table: string,
  key: string,
  schema: Schema<T>,
): Promise<T | undefined> => {
  const value = await records.get(table, key)
  return value === undefined ? undefined : orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))
}
