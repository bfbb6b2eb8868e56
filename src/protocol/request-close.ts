import * as v from 'valibot'
import type { Address, PurchaseNonce, Signature } from '#std/brand.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { purchaseNonceField, type Schema, signatureField } from './fields.ts'
import { recoverAddress, signCompact } from './signature.ts'
import { digestTypedData, type TypedDomain } from './typed-data.ts'

/** What ends a purchase one challenge period later. */
export const requestCloseStruct = { name: 'RequestClose', fields: { purchase: 'bytes32' } } as const

/** The body of a `close` message. `signature`: EIP-2098, by the purchase's signer or its buyer. */
export type RequestClose = { readonly nonce: PurchaseNonce; readonly signature: Signature }

export const requestCloseSchema: Schema<RequestClose> = v.object({
  nonce: purchaseNonceField,
  signature: signatureField,
})

/** The digest that a RequestClose's signature is over. */
export const digestRequestClose = (store: TypedDomain, nonce: PurchaseNonce): Uint8Array =>
  digestTypedData(store, requestCloseStruct, { purchase: nonce })

export const signRequestClose = (
  crypto: Crypto,
  store: TypedDomain,
  nonce: PurchaseNonce,
  secretKey: Uint8Array,
): RequestClose => ({ nonce, signature: signCompact(crypto, digestRequestClose(store, nonce), secretKey) })

/** Who signed; `undefined` if nobody could have. The caller compares with the purchase's signer and buyer. */
export const recoverRequestClose = (
  crypto: Crypto,
  store: TypedDomain,
  close: RequestClose,
): Address | undefined => recoverAddress(crypto, digestRequestClose(store, close.nonce), close.signature)
