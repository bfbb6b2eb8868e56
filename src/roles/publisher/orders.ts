import * as v from 'valibot'
import {
  addressField,
  hashField,
  parseFields,
  purchaseNonceField,
  type Schema,
  signatureField,
} from '#protocol/fields.ts'
import { canonicalText } from '#protocol/json.ts'
import { type Order, orderSchema } from '#protocol/order.ts'
import { codeField } from '#protocol/purchase.ts'
import type { Address, Hash, PurchaseNonce, Signature } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** What became of an order, from `taken` (stored, perhaps submitted) to `done` (nothing is left in escrow). */
export type OrderState = 'taken' | 'refused' | 'open' | 'done'

/** An order as a publisher keeps it. */
export type OrderRecord = {
  readonly nonce: PurchaseNonce
  readonly signer: Address
  readonly order: Order
  readonly state: OrderState
  /** The transaction that opens it, from when it was sent. */
  readonly transaction?: Hash | undefined
  /** Why it was refused. */
  readonly code?: string | undefined
  /** A request to close that is to be relayed. */
  readonly close?: Signature | undefined
}

const table = 'publisher-orders'

const schema: Schema<OrderRecord> = v.object({
  nonce: purchaseNonceField,
  signer: addressField,
  order: orderSchema,
  state: v.picklist(['taken', 'refused', 'open', 'done']),
  transaction: v.optional(hashField),
  code: v.optional(codeField),
  close: v.optional(signatureField),
})

export const saveOrder = (records: Records, order: OrderRecord): Promise<void> =>
  records.write([{ table, key: order.nonce, value: canonicalText(order) }])

/** Forgets an order that can neither be submitted again nor has anything in escrow. */
export const forgetOrder = (records: Records, nonce: PurchaseNonce): Promise<void> =>
  records.write([{ table, key: nonce, value: undefined }])

export const findOrder = async (records: Records, nonce: PurchaseNonce): Promise<OrderRecord | undefined> => {
  const value = await records.get(table, nonce)
  return value === undefined ? undefined : parse(value)
}

export const listOrders = async (records: Records): Promise<readonly OrderRecord[]> =>
  (await records.list(table, '')).map(({ value }) => parse(value))

const parse = (value: string): OrderRecord => orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))
