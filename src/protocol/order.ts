import * as v from 'valibot'
import type { Address, FormatName, Hash, Signature, VideoId } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { type Allotment, allotmentsSchema } from './allotment.ts'
import {
  addressField,
  formatNameField,
  hashField,
  type Schema,
  signatureField,
  uint8Field,
  uint40Field,
  uint53Field,
  videoIdField,
  weiField,
} from './fields.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { signCompact } from './signature.ts'
import { formatWord, hashTerms, type Terms, termsSchema } from './terms.ts'
import { digestTypedData, paratiiDomain, type TypedMessage } from './typed-data.ts'

/** What the purchase's node key signs: it will sign receipts for this buyer, video and format. */
export const nodeKeyStruct = {
  name: 'NodeKey',
  fields: { id: 'bytes32', format: 'bytes32', wallet: 'address', salt: 'bytes32' },
} as const

/** What the wallet signs, `IPFS_signature` among it (by its hash). */
export const orderStruct = {
  name: 'Order',
  fields: {
    buyer: 'address',
    id: 'bytes32',
    format: 'bytes32',
    terms: 'bytes32',
    nodeSignature: 'bytes32',
    capacity: 'uint40',
    allotments: 'bytes32',
    depth: 'uint8',
    affiliate: 'address',
    relayFee: 'uint96',
    validUntil: 'uint40',
    salt: 'bytes32',
  },
} as const

/** ERC-3009: what the wallet signs instead of the order, where the store pulls the tokens itself. */
export const authorizationStruct = {
  name: 'ReceiveWithAuthorization',
  fields: {
    from: 'address',
    to: 'address',
    value: 'uint256',
    validAfter: 'uint256',
    validBefore: 'uint256',
    nonce: 'bytes32',
  },
} as const

/** How the store gets the tokens: an allowance given before, or an ERC-3009 authorization that carries the order. */
export type OrderPayment = 'allowance' | 'authorization'

/** An order before anybody signed it. */
export type OrderDraft = {
  readonly id: VideoId
  readonly format: FormatName
  readonly buyer: Address
  readonly terms: Terms
  /** Bytes that hosts may be paid for: `capacity * fee` is their collateral. */
  readonly capacity: number
  /** The allotment tree's root word. */
  readonly allotments: Hash
  /** The allotment tree's depth; 0 is one pinned host. */
  readonly depth: number
  /** The tree's leaves in their order; their words lead to `allotments`. */
  readonly leaves: readonly Allotment[]
  /** Zero for none. */
  readonly affiliate: Address
  /** To whoever submits the order, in base units. */
  readonly relayFee: bigint
  /** Seconds since 1970 until which the order may be submitted. */
  readonly validUntil: number
  readonly salt: Hash
  readonly chainId: number
  /** The VideoStore that the signatures are for. */
  readonly store: Address
  readonly payment: OrderPayment
}

/** The body of an `order` message: the seed's purchase request, with all that a publisher and hosts must check. */
export type Order = OrderDraft & {
  /** Of {@link orderStruct}, or of {@link authorizationStruct} where `payment` says so. EIP-2098. */
  readonly wallet_signature: Signature
  /** Of {@link nodeKeyStruct}, by the purchase's node key. EIP-2098. */
  readonly IPFS_signature: Signature
}

export const orderSchema: Schema<Order> = v.object({
  id: videoIdField,
  format: formatNameField,
  buyer: addressField,
  terms: termsSchema,
  capacity: uint40Field,
  allotments: hashField,
  depth: v.pipe(uint8Field, v.maxValue(32)),
  leaves: allotmentsSchema,
  affiliate: addressField,
  relayFee: weiField(96),
  validUntil: uint40Field,
  salt: hashField,
  chainId: uint53Field,
  store: addressField,
  payment: v.picklist(['allowance', 'authorization']),
  wallet_signature: signatureField,
  IPFS_signature: signatureField,
})

/** The digest that `IPFS_signature` is over. */
export const digestNodeKey = (draft: OrderDraft): Uint8Array =>
  digestTypedData(paratiiDomain(draft.chainId, draft.store), nodeKeyStruct, {
    id: draft.id,
    format: formatWord(draft.format),
    wallet: draft.buyer,
    salt: draft.salt,
  })

/** `IPFS_signature` of an order, made by the purchase's node key. */
export const signNodeKey = (crypto: Crypto, draft: OrderDraft, nodeSecretKey: Uint8Array): Signature =>
  signCompact(crypto, digestNodeKey(draft), nodeSecretKey)

/** The fields that the wallet signs as an `Order`. */
export const orderMessage = (
  draft: OrderDraft,
  nodeSignature: Signature,
): TypedMessage<typeof orderStruct> => ({
  buyer: draft.buyer,
  id: draft.id,
  format: formatWord(draft.format),
  terms: hashTerms(draft.terms),
  nodeSignature: hashFromBytes(keccak256(bytesFromHex(nodeSignature))),
  capacity: draft.capacity,
  allotments: draft.allotments,
  depth: draft.depth,
  affiliate: draft.affiliate,
  relayFee: draft.relayFee,
  validUntil: draft.validUntil,
  salt: draft.salt,
})

/** The digest of an order: what an allowance's `wallet_signature` is over, and the nonce of its authorization. */
export const digestOrder = (draft: OrderDraft, nodeSignature: Signature): Uint8Array =>
  digestTypedData(paratiiDomain(draft.chainId, draft.store), orderStruct, orderMessage(draft, nodeSignature))

/** Base units taken from the buyer for owner and hosts; what is not earned returns. */
export const escrowWei = (deal: Pick<OrderDraft, 'terms' | 'capacity'>): bigint =>
  deal.terms.price + BigInt(deal.capacity) * deal.terms.fee

/** Base units taken from the buyer in all. */
export const totalWei = (draft: OrderDraft): bigint => escrowWei(draft) + draft.relayFee

/** The fields that the wallet signs as a `ReceiveWithAuthorization` of the token. */
export const authorizationMessage = (
  draft: OrderDraft,
  nodeSignature: Signature,
): TypedMessage<typeof authorizationStruct> => ({
  from: draft.buyer,
  to: draft.store,
  value: totalWei(draft),
  validAfter: 0,
  validBefore: draft.validUntil,
  nonce: hashFromBytes(digestOrder(draft, nodeSignature)),
})

/** The digest that the wallet signs for this order, whichever way it pays. `token`: the chain's ParatiiToken. */
export const digestWallet = (draft: OrderDraft, nodeSignature: Signature, token: Address): Uint8Array =>
  draft.payment === 'allowance'
    ? digestOrder(draft, nodeSignature)
    : digestTypedData(
        paratiiDomain(draft.chainId, token),
        authorizationStruct,
        authorizationMessage(draft, nodeSignature),
      )
