import * as v from 'valibot'
import type { Address, FormatName, Hash, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import {
  addressField,
  formatNameField,
  hashField,
  type Schema,
  signatureField,
  uint40Field,
  videoIdField,
  weiField,
} from './fields.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { encodeJson } from './json.ts'
import { addressOf } from './signature.ts'
import { recoverText, signRecoverableText } from './signed.ts'

/** What a viewer would pay at most for a video, by the second. */
export type BidDraft = {
  readonly id: VideoId
  readonly format: FormatName
  /** PTI base units a second, at most; below 2^96. */
  readonly bid: bigint
  /** The account that pays and signs. */
  readonly payer: Address
  /** The node key's address, whose balance proofs the channel will pay. */
  readonly signer: Address
  /** Unix seconds; void from then on. */
  readonly validUntil: number
  /** Random: makes the bid one that is accepted once. */
  readonly salt: Hash
}

/** The body of a `bid` message, viewer -> publisher (seed 000). */
export type Bid = BidDraft & {
  /** By the payer, over all else and whom it is for. EIP-2098. */
  readonly signature: Signature
}

export const bidSchema: Schema<Bid> = v.object({
  id: videoIdField,
  format: formatNameField,
  bid: weiField(96),
  payer: addressField,
  signer: addressField,
  validUntil: uint40Field,
  salt: hashField,
  signature: signatureField,
})

/** Signs a bid for one publisher: the mailbox key `to`. Nobody else can accept it. */
export const signBid = (crypto: Crypto, draft: BidDraft, to: PublicKey, secretKey: Uint8Array): Bid => ({
  ...draft,
  signature: signRecoverableText(crypto, documentOf(draft, to), secretKey),
})

/** Names a bid: keccak256 of the JSON that is signed. An acceptance repeats it. */
export const hashBid = (draft: BidDraft, to: PublicKey): Hash =>
  hashFromBytes(keccak256(encodeJson(documentOf(draft, to))))

/** Checks that the payer signed this bid for `to`, and that it is not void; answers with its hash. */
export const verifyBid = (crypto: Crypto, bid: Bid, to: PublicKey, nowMs: number): Result<Hash> => {
  const { signature, ...draft } = bid
  const key = recoverText(crypto, documentOf(draft, to), signature)
  if (key === undefined || addressOf(crypto, key) !== bid.payer) return failed('signature-invalid')
  if (bid.validUntil * 1000 <= nowMs) return failed('bid-expired', { validUntil: bid.validUntil })
  return ok(hashBid(draft, to))
}

const documentOf = ({ id, format, bid, payer, signer, validUntil, salt }: BidDraft, to: PublicKey) => ({
  type: 'bid',
  to,
  id,
  format,
  bid,
  payer,
  signer,
  validUntil,
  salt,
})
