import * as v from 'valibot'
import type { Hash, PurchaseNonce } from '#std/brand.ts'
import { hashField, purchaseNonceField, type Schema } from './fields.ts'

/** The body of a `purchase` message, the publisher's answer to an order: it is on the chain, or refused. */
export type PurchaseAnswer = PurchaseOpened | PurchaseRefused
export type PurchaseOpened = { readonly nonce: PurchaseNonce; readonly transaction: Hash }
/** `code`: an error code, perhaps a newer one than this program knows. */
export type PurchaseRefused = { readonly code: string }

/** A code as a peer may send it. */
export const codeField: Schema<string> = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/))

export const purchaseAnswerSchema: Schema<PurchaseAnswer> = v.union([
  v.object({ nonce: purchaseNonceField, transaction: hashField }),
  v.object({ code: codeField }),
])
