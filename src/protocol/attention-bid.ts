import * as v from 'valibot'
import type { Address, Cid, FormatName, Hash, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import type { Acceptance } from './acceptance.ts'
import {
  addressField,
  basisPointsField,
  cidField,
  formatNameField,
  hashField,
  listField,
  type Schema,
  signatureField,
  signedRateField,
  uint8Field,
  uint32Field,
  uint40Field,
  videoIdField,
} from './fields.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { encodeJson } from './json.ts'
import { codeField } from './purchase.ts'
import { addressOf } from './signature.ts'
import { recoverText, signRecoverableText } from './signed.ts'

/** What a campaign pays for besides the bytes: how it looks whether somebody is there. */
export type PresenceRules = {
  /** Percent of a chunk's seconds that the player must have been visible and playing. */
  readonly visible: number
  /** One chunk in so many, at random, shows a code that the viewer has to give back; 0: none. */
  readonly challenge: number
}

/** A producer's offer to one viewer for watching a video. */
export type AttentionBidDraft = {
  /** The campaign that pays; zero where the rate is below zero and the viewer would pay. */
  readonly campaign: Hash
  readonly id: VideoId
  readonly format: FormatName
  /** The format's directory. */
  readonly address: Cid
  /** Base units a second to the viewer; below zero the viewer pays (seed 002: a negative bid). */
  readonly bid: bigint
  readonly chunksize: number
  /** Seconds of the video. */
  readonly length: number
  /** The advertiser, or the video's owner. */
  readonly payer: Address
  /** The campaign's signer, or the video's owner: signs this bid, and a campaign's proofs. */
  readonly signer: Address
  readonly presence: PresenceRules
  /** The site's part of what the viewer earns, in 1/10000, as the campaign has it. */
  readonly affiliateBps: number
  /** Unix seconds; void from then on. */
  readonly validUntil: number
  readonly salt: Hash
}

/** One item of an `attention-bids` message, advertiser -> viewer (seed 000). */
export type AttentionBid = AttentionBidDraft & {
  /** By the signer, over all else and the ask's `replyTo`. EIP-2098. */
  readonly signature: Signature
}

export const maxAttentionBids = 8

const attentionBidSchema: Schema<AttentionBid> = v.object({
  campaign: hashField,
  id: videoIdField,
  format: formatNameField,
  address: cidField,
  bid: signedRateField,
  chunksize: v.pipe(uint32Field, v.minValue(1)),
  length: v.pipe(uint32Field, v.minValue(1)),
  payer: addressField,
  signer: addressField,
  presence: v.object({ visible: v.pipe(uint8Field, v.maxValue(100)), challenge: uint8Field }),
  affiliateBps: basisPointsField,
  validUntil: uint40Field,
  salt: hashField,
  signature: signatureField,
})

/** The body of an `attention-bids` message: all that one producer bids for one ask. */
export type AttentionBids = { readonly bids: readonly AttentionBid[] }
export const attentionBidsSchema: Schema<AttentionBids> = v.object({
  bids: listField(attentionBidSchema, maxAttentionBids),
})

/** Signs a bid for one viewer: the key `to` that its ask gave for answers. */
export const signAttentionBid = (
  crypto: Crypto,
  draft: AttentionBidDraft,
  to: PublicKey,
  secretKey: Uint8Array,
): AttentionBid => ({
  ...draft,
  signature: signRecoverableText(crypto, documentOf(draft, to), secretKey),
})

/** Names a bid: keccak256 of the JSON that is signed. */
export const hashAttentionBid = (draft: AttentionBidDraft, to: PublicKey): Hash =>
  hashFromBytes(keccak256(encodeJson(documentOf(draft, to))))

/** Checks that `signer` signed this bid for `to`, and that it is not void; answers with its hash. */
export const verifyAttentionBid = (
  crypto: Crypto,
  bid: AttentionBid,
  to: PublicKey,
  nowMs: number,
): Result<Hash> => {
  const key = recoverText(crypto, documentOf(bid, to), bid.signature)
  if (key === undefined || addressOf(crypto, key) !== bid.signer) return failed('signature-invalid')
  if (bid.validUntil * 1000 <= nowMs) return failed('bid-expired', { validUntil: bid.validUntil })
  return ok(hashAttentionBid(bid, to))
}

/** What a viewer signs to accept a bid that pays it. */
export const acceptanceOfAttention = (
  bid: AttentionBidDraft,
  hash: Hash,
  payee: Address,
  validUntil: number,
): Acceptance => ({
  bid: hash,
  payer: bid.payer,
  payee,
  signer: bid.signer,
  video: bid.id,
  format: bid.format,
  address: bid.address,
  rate: bid.bid,
  chunkSeconds: bid.chunksize,
  length: bid.length,
  validUntil,
})

/** The body of an `acceptance` message, viewer -> advertiser: the seed's yes, by the account that is to be paid. */
export type AttentionAcceptance = {
  readonly hash: Hash
  readonly bid: bigint
  readonly payee: Address
  readonly validUntil: number
  /** The payee's over Acceptance in the domain of Campaigns. EIP-2098. */
  readonly signature: Signature
}

export const attentionAcceptanceSchema: Schema<AttentionAcceptance> = v.object({
  hash: hashField,
  bid: signedRateField,
  payee: addressField,
  validUntil: uint40Field,
  signature: signatureField,
})

/** The body of an `allotted` message, advertiser -> viewer: the proven place in a batch on chain, or a no. */
export type AllottedAnswer =
  | {
      readonly hash: Hash
      readonly leaf: number
      /** Units promised. */
      readonly cap: number
      /** From the leaf up. */
      readonly siblings: readonly Hash[]
    }
  | { readonly hash: Hash; readonly code: string }

export const allottedAnswerSchema: Schema<AllottedAnswer> = v.union([
  v.object({
    hash: hashField,
    leaf: uint32Field,
    cap: uint40Field,
    siblings: listField(hashField, 32),
  }),
  v.object({ hash: hashField, code: codeField }),
])

const documentOf = (draft: AttentionBidDraft, to: PublicKey) => ({
  type: 'attention-bid',
  to,
  campaign: draft.campaign,
  id: draft.id,
  format: draft.format,
  address: draft.address,
  bid: draft.bid,
  chunksize: draft.chunksize,
  length: draft.length,
  payer: draft.payer,
  signer: draft.signer,
  presence: draft.presence,
  affiliateBps: draft.affiliateBps,
  validUntil: draft.validUntil,
  salt: draft.salt,
})
