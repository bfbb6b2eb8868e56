import * as v from 'valibot'
import type { Address, Cid, FormatName, Hash, Hex, Signature, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import {
  addressField,
  cidField,
  hashField,
  type Schema,
  signatureField,
  uint8Field,
  uint32Field,
  uint40Field,
  weiField,
} from './fields.ts'
import { hashFromBytes } from './hash.ts'
import { authorizationStruct } from './order.ts'
import { codeField } from './purchase.ts'
import { recoverAddress, signCompact } from './signature.ts'
import { formatWord, rootFromCid } from './terms.ts'
import { digestTypedData, paratiiDomain, type TypedDomain } from './typed-data.ts'

/** What a payee says yes to by EIP-712: by the second, for a certain length. */
export const acceptanceStruct = {
  name: 'Acceptance',
  fields: {
    bid: 'bytes32',
    payer: 'address',
    payee: 'address',
    signer: 'address',
    video: 'bytes32',
    format: 'bytes32',
    root: 'bytes32',
    rate: 'uint96',
    chunkSeconds: 'uint32',
    length: 'uint32',
    validUntil: 'uint40',
  },
} as const

/** The terms of a bid that was accepted, whoever bid. */
export type Acceptance = {
  /** Hash of the bid. */
  readonly bid: Hash
  readonly payer: Address
  readonly payee: Address
  /** Signs the payer's balance proofs. */
  readonly signer: Address
  readonly video: VideoId
  readonly format: FormatName
  /** The format's directory. */
  readonly address: Cid
  /** PTI base units a second. */
  readonly rate: bigint
  readonly chunkSeconds: number
  /** Seconds, a last chunk that is shorter counted whole. */
  readonly length: number
  /** Unix seconds; void from then on. */
  readonly validUntil: number
}

/** The digest that a payee signs. `contract`: PaymentChannels for content, Campaigns for attention. */
export const digestAcceptance = (contract: TypedDomain, acceptance: Acceptance): Uint8Array =>
  digestTypedData(contract, acceptanceStruct, {
    bid: acceptance.bid,
    payer: acceptance.payer,
    payee: acceptance.payee,
    signer: acceptance.signer,
    video: acceptance.video,
    format: formatWord(acceptance.format),
    root: rootFromCid(acceptance.address),
    rate: acceptance.rate,
    chunkSeconds: acceptance.chunkSeconds,
    length: acceptance.length,
    validUntil: acceptance.validUntil,
  })

export const signAcceptance = (
  crypto: Crypto,
  contract: TypedDomain,
  acceptance: Acceptance,
  payeeSecretKey: Uint8Array,
): Signature => signCompact(crypto, digestAcceptance(contract, acceptance), payeeSecretKey)

/** `signature-invalid` unless the payee signed exactly this. */
export const verifyAcceptance = (
  crypto: Crypto,
  contract: TypedDomain,
  acceptance: Acceptance,
  signature: Signature,
): Result<Acceptance> =>
  recoverAddress(crypto, digestAcceptance(contract, acceptance), signature) === acceptance.payee
    ? ok(acceptance)
    : failed('signature-invalid', { field: 'signature' })

/** The digest of the token's ReceiveWithAuthorization by which anybody may open the channel of an acceptance. */
export const digestOpening = (
  contract: TypedDomain,
  token: Address,
  acceptance: Acceptance,
  validBefore: number,
): Uint8Array =>
  digestTypedData(paratiiDomain(contract.chainId, token), authorizationStruct, {
    from: acceptance.payer,
    to: contract.verifyingContract,
    value: depositOf(acceptance),
    validAfter: 0,
    validBefore,
    nonce: hashFromBytes(digestAcceptance(contract, acceptance)),
  })

/** Base units for the whole length. */
export const depositOf = ({ rate, length }: Pick<Acceptance, 'rate' | 'length'>): bigint =>
  rate * BigInt(length)

/** The lane in which PaymentChannels opens the channel of an acceptance: the first 12 bytes of its digest. */
export const laneOfAcceptance = (contract: TypedDomain, acceptance: Acceptance): bigint =>
  BigInt(hashFromBytes(digestAcceptance(contract, acceptance)).slice(0, 26) as Hex)

/**
 * The body of a `bid-answer` message, publisher -> viewer: a yes with the seed's fields, a lowest rate that a next bid
 * should name, or a no.
 */
export type BidAnswer = BidAccepted | BidCountered | BidRefused
export type BidAccepted = {
  /** Hash of the bid. */
  readonly hash: Hash
  /** The accepted rate: never above the bid. */
  readonly bid: bigint
  readonly address: Cid
  readonly payee: Address
  readonly chunksize: number
  readonly length: number
  readonly validUntil: number
  /** The payee's over Acceptance. EIP-2098. */
  readonly signature: Signature
}
export type BidCountered = {
  readonly hash: Hash
  /** The rate that would be accepted now. */
  readonly counter: bigint
  /** How many more bids for this video are answered so. */
  readonly left: number
}
export type BidRefused = { readonly hash: Hash; readonly code: string }

export const bidAnswerSchema: Schema<BidAnswer> = v.union([
  v.object({
    hash: hashField,
    bid: weiField(96),
    address: cidField,
    payee: addressField,
    chunksize: v.pipe(uint32Field, v.minValue(1)),
    length: v.pipe(uint32Field, v.minValue(1)),
    validUntil: uint40Field,
    signature: signatureField,
  }),
  v.object({ hash: hashField, counter: weiField(96), left: uint8Field }),
  v.object({ hash: hashField, code: codeField }),
])

/** The body of an `open` message, viewer -> publisher, who submits it: the payer's authorization to open the channel. */
export type Opening = {
  /** Hash of the bid that was accepted. */
  readonly hash: Hash
  /** Unix seconds. */
  readonly validBefore: number
  /** The payer's over ReceiveWithAuthorization. EIP-2098. */
  readonly signature: Signature
}

export const openingSchema: Schema<Opening> = v.object({
  hash: hashField,
  validBefore: uint40Field,
  signature: signatureField,
})

/** The body of an `opened` message, publisher -> viewer: the channel is on the chain, or is not. */
export type OpeningAnswer = { readonly channel: Hash } | { readonly hash: Hash; readonly code: string }

export const openingAnswerSchema: Schema<OpeningAnswer> = v.union([
  v.object({ channel: hashField }),
  v.object({ hash: hashField, code: codeField }),
])
