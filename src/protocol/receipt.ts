import * as v from 'valibot'
import type { Address, Cid, Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { bytesFromHex, concatBytes } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { bytesFromCid } from './cid.ts'
import {
  addressField,
  hashField,
  publicKeyField,
  purchaseNonceField,
  type Schema,
  signatureField,
  uint32Field,
  uint40Field,
} from './fields.ts'
import { hashFromBytes, sha256 } from './hash.ts'
import { recoverAddress, signCompact } from './signature.ts'
import { signText, verifyText } from './signed.ts'
import { digestTypedData, type TypedDomain } from './typed-data.ts'

/** What the purchase's signer signs. */
export const receiptStruct = {
  name: 'Receipt',
  fields: { purchase: 'bytes32', leaf: 'uint32', bytes: 'uint40', hash: 'bytes32' },
} as const

/** The viewer's cumulative record of bytes received from one host in one purchase, before it is signed. */
export type ReceiptDraft = {
  readonly nonce: PurchaseNonce
  /** The owner's node key. */
  readonly owner: PublicKey
  /** The host's place in the allotment tree. */
  readonly leaf: number
  /** Raw leaf bytes, all that this host ever sent in this purchase. Replaces every smaller receipt. */
  readonly bytes: number
  /** Running digest over the blocks counted, see {@link extendDigest}. */
  readonly hash: Hash
  /** The host's node key. */
  readonly key: PublicKey
}

/** As the viewer sends it to the host. `buyer_signature`: EIP-2098, of {@link receiptStruct}. */
export type Receipt = ReceiptDraft & { readonly buyer_signature: Signature }

/** As the host sends it on to the owner: its payout address added, signed over the whole by its node key. */
export type SentReceipt = Receipt & {
  readonly payout: Address
  /** Plain `r ‖ s`, a Bitcoin Signed Message of {@link sentReceiptText}. */
  readonly sender_signature: Signature
}

const receiptFields = {
  nonce: purchaseNonceField,
  owner: publicKeyField,
  leaf: uint32Field,
  bytes: uint40Field,
  hash: hashField,
  key: publicKeyField,
  buyer_signature: signatureField,
}
export const receiptSchema: Schema<Receipt> = v.object(receiptFields)
export const sentReceiptSchema: Schema<SentReceipt> = v.object({
  ...receiptFields,
  payout: addressField,
  sender_signature: signatureField,
})

/** The running digest before any block: the purchase's name. */
export const firstDigest = (nonce: PurchaseNonce): Hash => nonce

/** h(n) = sha256(h(n-1) ‖ binary CID), for each block in the order in which the receipt's message lists them. */
export const extendDigest = (digest: Hash, blocks: Iterable<Cid>): Hash => {
  let bytes: Uint8Array = bytesFromHex(digest)
  for (const cid of blocks) bytes = sha256(concatBytes(bytes, bytesFromCid(cid)))
  return hashFromBytes(bytes)
}

/** The digest that `buyer_signature` is over. `store`: the domain of the VideoStore. */
export const digestReceipt = (store: TypedDomain, draft: ReceiptDraft): Uint8Array =>
  digestTypedData(store, receiptStruct, {
    purchase: draft.nonce,
    leaf: draft.leaf,
    bytes: draft.bytes,
    hash: draft.hash,
  })

/** Signs as the viewer, with the purchase's node key. */
export const signReceipt = (
  crypto: Crypto,
  store: TypedDomain,
  draft: ReceiptDraft,
  nodeSecretKey: Uint8Array,
): Receipt => ({ ...draft, buyer_signature: signCompact(crypto, digestReceipt(store, draft), nodeSecretKey) })

/** What a receipt must say to count. */
export type ReceiptExpectation = {
  readonly store: TypedDomain
  readonly nonce: PurchaseNonce
  readonly signer: Address
  readonly owner: PublicKey
  readonly leaf: number
  readonly key: PublicKey
}

/**
 * Checks that a receipt is of this purchase and this host (`receipt-mismatch`) and signed by the purchase's signer
 * (`signature-invalid`). Whether its bytes and digest are right, the receipt book knows.
 */
export const verifyReceipt = (
  crypto: Crypto,
  receipt: Receipt,
  expected: ReceiptExpectation,
): Result<Receipt> => {
  for (const field of ['nonce', 'owner', 'leaf', 'key'] as const) {
    if (receipt[field] !== expected[field]) return failed('receipt-mismatch', { field })
  }
  const signer = recoverAddress(crypto, digestReceipt(expected.store, receipt), receipt.buyer_signature)
  return signer === expected.signer ? ok(receipt) : failed('signature-invalid', { field: 'buyer_signature' })
}

/** What `sender_signature` is over: everything else, with its type and whom it is to. */
const sentReceiptText = (receipt: Omit<SentReceipt, 'sender_signature'>) => ({
  type: 'receipt',
  to: receipt.owner,
  nonce: receipt.nonce,
  owner: receipt.owner,
  leaf: receipt.leaf,
  bytes: receipt.bytes,
  hash: receipt.hash,
  key: receipt.key,
  payout: receipt.payout,
  buyer_signature: receipt.buyer_signature,
})

/** Signs as the host, with its node key. */
export const signSentReceipt = (
  crypto: Crypto,
  receipt: Receipt,
  payout: Address,
  hostSecretKey: Uint8Array,
): SentReceipt => {
  const sent = { ...receipt, payout }
  return { ...sent, sender_signature: signText(crypto, sentReceiptText(sent), hostSecretKey) }
}

/** Checks both signatures of a receipt that a host sent on; failures as of {@link verifyReceipt}. */
export const verifySentReceipt = (
  crypto: Crypto,
  receipt: SentReceipt,
  expected: ReceiptExpectation,
): Result<SentReceipt> => {
  const verified = verifyReceipt(crypto, receipt, expected)
  if (!verified.ok) return verified
  return verifyText(crypto, sentReceiptText(receipt), receipt.sender_signature, receipt.key)
    ? ok(receipt)
    : failed('signature-invalid', { field: 'sender_signature' })
}
