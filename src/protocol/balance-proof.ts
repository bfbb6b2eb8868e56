import * as v from 'valibot'
import type { Address, Hash, Signature } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { hashField, type Schema, signatureField, weiField } from './fields.ts'
import { recoverAddress, signCompact } from './signature.ts'
import { digestTypedData, type TypedDomain } from './typed-data.ts'
import { hashWords } from './words.ts'

/** Who pays whom in a channel, and in which of the pair's lanes. */
export type ChannelRoute = {
  readonly payer: Address
  readonly payee: Address
  /** The key that signs balance proofs. */
  readonly signer: Address
  readonly lane: bigint
}

/** The id of channel number `counter` (from 1) of a lane, as PaymentChannels computes it. */
export const channelIdOf = (route: ChannelRoute, counter = 1): Hash =>
  hashWords([
    [
      'bytes32',
      hashWords([
        ['address', route.payer],
        ['address', route.payee],
        ['address', route.signer],
        ['uint96', route.lane],
      ]),
    ],
    ['uint256', counter],
  ])

export const balanceProofStruct = {
  name: 'BalanceProof',
  fields: { channel: 'bytes32', balance: 'uint256' },
} as const

/** The payer's cumulative promise in a channel: it replaces all lower ones. */
export type BalanceProof = {
  readonly channel: Hash
  /** Base units in all. */
  readonly balance: bigint
  /** The channel's signer's. EIP-2098. */
  readonly signature: Signature
}

/** Also the body of a `channel-close` message, payer -> payee: this is the last, close together. */
export const balanceProofSchema: Schema<BalanceProof> = v.object({
  channel: hashField,
  balance: weiField(96),
  signature: signatureField,
})

export const uncooperativeCloseStruct = {
  name: 'UncooperativeClose',
  fields: { channel: 'bytes32', balance: 'uint256' },
} as const

/** The payer's side ends a channel alone and concedes `balance`; `signature` is the payer's or the signer's. */
export const signUncooperativeClose = (
  crypto: Crypto,
  channels: TypedDomain,
  { channel, balance }: Omit<BalanceProof, 'signature'>,
  secretKey: Uint8Array,
): Signature =>
  signCompact(crypto, digestTypedData(channels, uncooperativeCloseStruct, { channel, balance }), secretKey)

const digestBalanceProof = (channels: TypedDomain, channel: Hash, balance: bigint): Uint8Array =>
  digestTypedData(channels, balanceProofStruct, { channel, balance })

/** `channels`: the domain of PaymentChannels. */
export const signBalanceProof = (
  crypto: Crypto,
  channels: TypedDomain,
  draft: Omit<BalanceProof, 'signature'>,
  secretKey: Uint8Array,
): BalanceProof => ({
  ...draft,
  signature: signCompact(crypto, digestBalanceProof(channels, draft.channel, draft.balance), secretKey),
})

/** `signature-invalid` unless `signer` signed it. */
export const verifyBalanceProof = (
  crypto: Crypto,
  channels: TypedDomain,
  proof: BalanceProof,
  signer: Address,
): Result<BalanceProof> =>
  recoverAddress(crypto, digestBalanceProof(channels, proof.channel, proof.balance), proof.signature) ===
  signer
    ? ok(proof)
    : failed('signature-invalid', { field: 'signature' })
