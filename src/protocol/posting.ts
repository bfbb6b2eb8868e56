import * as v from 'valibot'
import type { FormatName, Hash, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { type BalanceProof, balanceProofSchema, type ChannelRoute, channelIdOf } from './balance-proof.ts'
import {
  type Bye,
  byeSchema,
  decodeWord,
  type ExchangeBody,
  type HostInit,
  hostInitSchema,
} from './exchange.ts'
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
import { encodeJson, type Json } from './json.ts'
import { addressOf } from './signature.ts'
import { recoverText, signRecoverableText } from './signed.ts'

/**
 * The paid exchange the other way (seed 003, `postdata`): a publisher pays a host by channel to store and pin a format.
 * Spoken on `/paratii/post/1`; `postdata` frames carry blocks (`block-data.ts`), all other words canonical JSON.
 */

/** A channel: the `counter`-th of its lane. */
export type ChannelName = ChannelRoute & { readonly counter: number }

/** A poster's first word: which channel pays, what is to be kept, and that it holds the channel's signer key. */
export type PosterInit = {
  readonly channel: ChannelName
  readonly id: VideoId
  readonly format: FormatName
  /** sha2-256 digest of the format's root: what is to be kept now. */
  readonly root: Hash
  /** EIP-2098, by the channel's signer, see {@link signPosterProof}. */
  readonly proof: Signature
}

/** The host will store. */
export type PostAck = {
  /** Base units that it wants for each byte of a block it did not have. */
  readonly fee: bigint
  /** Bytes it stores ahead of payments. */
  readonly credit: number
  /** Base units of the newest balance proof it holds of this channel; 0 for none. */
  readonly balance: bigint
  /** The signature of that proof: a poster that lost its state checks its own on it. */
  readonly signature?: Signature | undefined
}

/** The host has stored more than it was paid for: the least balance with which it goes on. */
export type PostRequest = { readonly balance: bigint }
/** The proof is stored. `bytes`: of this posting, stored and counted in all. */
export type PostPaid = { readonly balance: bigint; readonly bytes: number }
/** Everything under the root is stored and pinned. */
export type Posted = { readonly bytes: number }

export type PostingHostBodies = {
  readonly init: HostInit
  readonly initack: PostAck
  readonly reqpayment: PostRequest
  readonly paymentack: PostPaid
  readonly posted: Posted
  readonly bye: Bye
}
export type PosterBodies = {
  readonly init: PosterInit
  readonly payment: BalanceProof
  /** All blocks were sent. */
  readonly end: Record<never, never>
  readonly bye: Bye
}

/** Bytes of one JSON word of a posting. */
export const maxPostingWordBytes = 4096

const hostSchemas: { readonly [C in keyof PostingHostBodies]: Schema<PostingHostBodies[C]> } = {
  init: hostInitSchema,
  initack: v.object({
    fee: weiField(64),
    credit: uint40Field,
    balance: weiField(96),
    signature: v.optional(signatureField),
  }),
  reqpayment: v.object({ balance: weiField(96) }),
  paymentack: v.object({ balance: weiField(96), bytes: uint40Field }),
  posted: v.object({ bytes: uint40Field }),
  bye: byeSchema,
}

const channelNameSchema: Schema<ChannelName> = v.object({
  payer: addressField,
  payee: addressField,
  signer: addressField,
  lane: weiField(96),
  counter: uint40Field,
})

const posterSchemas: { readonly [C in keyof PosterBodies]: Schema<PosterBodies[C]> } = {
  init: v.object({
    channel: channelNameSchema,
    id: videoIdField,
    format: formatNameField,
    root: hashField,
    proof: signatureField,
  }),
  payment: balanceProofSchema,
  end: v.object({}),
  bye: byeSchema,
}

export const encodePosting = (
  body: PostingHostBodies[keyof PostingHostBodies] | PosterBodies[keyof PosterBodies],
): Uint8Array<ArrayBuffer> => encodeJson(body as Json)

/** Parses a word of the storing host. An unknown command gives `undefined`: it is skipped. */
export const decodeFromPostingHost = (
  cmd: string,
  data: Uint8Array,
): Result<ExchangeBody<PostingHostBodies> | undefined> =>
  decodeWord(hostSchemas, cmd, data, maxPostingWordBytes) as Result<
    ExchangeBody<PostingHostBodies> | undefined
  >

/** Parses a word of the poster, all but `postdata`. An unknown command gives `undefined`: it is skipped. */
export const decodeFromPoster = (
  cmd: string,
  data: Uint8Array,
): Result<ExchangeBody<PosterBodies> | undefined> =>
  decodeWord(posterSchemas, cmd, data, maxPostingWordBytes) as Result<ExchangeBody<PosterBodies> | undefined>

type UnsignedInit = Omit<PosterInit, 'proof'>

/** What the proof is over: this host's fresh nonce, the channel and what is posted. */
const proofText = (host: HostInit, { channel, id, format, root }: UnsignedInit) => ({
  type: 'postdata',
  to: host.key,
  nonce: host.nonce,
  channel: channelIdOf(channel, channel.counter),
  id,
  format,
  root,
})

export const signPosterProof = (
  crypto: Crypto,
  host: HostInit,
  init: UnsignedInit,
  signerSecretKey: Uint8Array,
): PosterInit => ({
  ...init,
  proof: signRecoverableText(crypto, proofText(host, init), signerSecretKey),
})

/** The channel's id, if its signer made the proof for this host and nonce; else `signature-invalid`. */
export const verifyPosterProof = (crypto: Crypto, host: HostInit, init: PosterInit): Result<Hash> => {
  const key: PublicKey | undefined = recoverText(crypto, proofText(host, init), init.proof)
  return key !== undefined && addressOf(crypto, key) === init.channel.signer
    ? ok(channelIdOf(init.channel, init.channel.counter))
    : failed('signature-invalid', { field: 'proof' })
}
