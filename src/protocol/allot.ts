import type { Hash, PurchaseNonce, Signature } from '#std/brand.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { signCompact } from './signature.ts'
import { digestTypedData, type TypedDomain } from './typed-data.ts'

/** What promises a part of an open escrow to further hosts. */
const allotStruct = {
  name: 'Allot',
  fields: { purchase: 'bytes32', index: 'uint32', allotments: 'bytes32' },
} as const

/** A further tree of a purchase: which (from 1 on), and its root word. */
export type FurtherTree = {
  readonly purchase: PurchaseNonce
  readonly index: number
  readonly allotments: Hash
}

/** Signs, as the purchase's signer, that these hosts may be paid of its escrow too. EIP-2098. */
export const signAllot = (
  crypto: Crypto,
  store: TypedDomain,
  tree: FurtherTree,
  secretKey: Uint8Array,
): Signature => signCompact(crypto, digestTypedData(store, allotStruct, tree), secretKey)
