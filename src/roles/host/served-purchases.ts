import * as v from 'valibot'
import type { HeldReceipt } from '#chain/settler.ts'
import { nameOrder } from '#protocol/check-order.ts'
import { addressField, parseFields, purchaseNonceField, type Schema, uint32Field } from '#protocol/fields.ts'
import { canonicalText } from '#protocol/json.ts'
import { type Order, orderSchema } from '#protocol/order.ts'
import { type Receipt, receiptSchema } from '#protocol/receipt.ts'
import type { Address, PurchaseNonce } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'

/** A purchase that this host serves, with its place in the order. */
export type ServedPurchase = {
  readonly nonce: PurchaseNonce
  readonly signer: Address
  readonly order: Order
  readonly leaf: number
}

const purchases = 'host-purchases'
const receipts = 'host-receipts'

const schema: Schema<ServedPurchase> = v.object({
  nonce: purchaseNonceField,
  signer: addressField,
  order: orderSchema,
  leaf: uint32Field,
})

export const savePurchase = (records: Records, purchase: ServedPurchase): Promise<void> =>
  records.write([{ table: purchases, key: purchase.nonce, value: canonicalText(purchase) }])

/** Stores the newest receipt of a purchase: when this resolves it counts. */
export const saveReceipt = (records: Records, receipt: Receipt): Promise<void> =>
  records.write([{ table: receipts, key: receipt.nonce, value: canonicalText(receipt) }])

export const findReceipt = async (records: Records, nonce: PurchaseNonce): Promise<Receipt | undefined> => {
  const value = await records.get(receipts, nonce)
  return value === undefined ? undefined : parseReceipt(value)
}

/** Forgets a purchase whose escrow has ended: nothing in it is worth anything any more. */
export const forgetPurchase = (records: Records, nonce: PurchaseNonce): Promise<void> =>
  records.write([
    { table: purchases, key: nonce, value: undefined },
    { table: receipts, key: nonce, value: undefined },
  ])

export const countPurchases = async (records: Records): Promise<number> =>
  (await records.list(purchases, '')).length

/** All receipts held, with what settling them takes. */
export const listHeldReceipts = async (crypto: Crypto, records: Records): Promise<readonly HeldReceipt[]> => {
  const held: HeldReceipt[] = []
  for (const { key, value } of await records.list(receipts, '')) {
    const stored = await records.get(purchases, key)
    if (stored === undefined) throw new ParatiiError('store-failed', { table: purchases, key })
    const { nonce, signer, order, leaf } = orThrow(parseFields(schema, JSON.parse(stored), 'store-failed'))
    const allotment = order.leaves[leaf]
    const { branches } = orThrow(
      nameOrder(crypto, order, { chainId: order.chainId, store: order.store, token: order.store }),
    )
    const branch = branches[leaf]
    if (allotment === undefined || branch === undefined)
      throw new ParatiiError('store-failed', { table: purchases, key })
    held.push({ nonce, order, signer, allotment, branch, receipt: parseReceipt(value) })
  }
  return held
}

const parseReceipt = (value: string): Receipt =>
  orThrow(parseFields(receiptSchema, JSON.parse(value), 'store-failed'))
