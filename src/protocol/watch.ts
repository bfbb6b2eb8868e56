import * as v from 'valibot'
import type { Hash, Hex, PublicKey, Signature } from '#std/brand.ts'
import { bytesFromHex, concatBytes } from '#std/bytes.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Result } from '#std/result.ts'
import type { Bye } from './exchange.ts'
import {
  hashField,
  parseFields,
  publicKeyField,
  type Schema,
  signatureField,
  uint32Field,
  weiField,
} from './fields.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { decodeJson, encodeJson, type Json } from './json.ts'
import { codeField } from './purchase.ts'
import { recoverText, signRecoverableText } from './signed.ts'

/*
 * What is said on a watch stream, one a viewing, in turns. The source has the video; the watcher pays by the second for
 * what it got, or is paid for what it answers.
 */

/** A chunk has at most so many bytes. */
const maxChunkBytes = 33_554_432
const maxWatchJson = 4096

/** source: who I am, and a number that was never used. */
export type SourceInit = { readonly key: PublicKey; readonly nonce: Hash }
/** watcher: which channel or which leaf of a campaign this is about, and that it is mine. */
export type WatcherInit = {
  readonly escrow: Hash
  /** Of a campaign; 0 for a channel. */
  readonly leaf: number
  /** By the channel's signer, or the leaf's viewer. EIP-2098. */
  readonly proof: Signature
}
/** A cumulative promise without what the stream has named already. */
export type Promised = { readonly balance: bigint; readonly signature: Signature }
/** source: the newest promise that it holds or gave; null for none. */
export type WatchAck = { readonly newest: Promised | null }
/** What shows that a chunk was got, for money: by the leaf's viewer. */
export type ChunkAnswer = {
  readonly chunk: number
  /** keccak256(nonce ‖ the chunk's bytes). */
  readonly hash: Hash
  /** For how long the player was visible and playing since the chunk before. */
  readonly visibleMs: number
  /** The code that was shown, or an empty text. */
  readonly code: string
  readonly signature: Signature
}
/** watcher: give me this chunk. With the payment for all chunks before, or the answer to the last one. */
export type Want = {
  readonly chunk: number
  readonly payment: Promised | null
  readonly answer: ChunkAnswer | null
}
/** source: here it comes, in `data` frames. */
export type ChunkHead = {
  readonly chunk: number
  readonly bytes: number
  /** For the answer's hash; new for each chunk. */
  readonly nonce: Hash
  /** Pays for this chunk and all before, where the watcher is paid. */
  readonly payment: Promised | null
  /** A code that the viewer is to type, or an empty text. */
  readonly code: string
}
/** watcher: give me the directory's head; source: here it comes, in `data` frames: the CAR of the data plane. */
export type HeadSize = { readonly bytes: number }

export type WatchBodies = {
  readonly greet: SourceInit
  readonly init: WatcherInit
  readonly initack: WatchAck
  readonly want: Want
  readonly chunk: ChunkHead
  readonly head: HeadSize
  /** Either side: no more, and why; `code` is `done` where all is well. */
  readonly bye: Bye
}

const promisedField: Schema<Promised> = v.object({ balance: weiField(96), signature: signatureField })
export const challengeField: Schema<string> = v.pipe(v.string(), v.regex(/^[A-Z0-9]{0,8}$/))
const answerField: Schema<ChunkAnswer> = v.object({
  chunk: uint32Field,
  hash: hashField,
  visibleMs: uint32Field,
  code: challengeField,
  signature: signatureField,
})

const schemas: { readonly [C in keyof WatchBodies]: Schema<WatchBodies[C]> } = {
  greet: v.object({ key: publicKeyField, nonce: hashField }),
  init: v.object({ escrow: hashField, leaf: uint32Field, proof: signatureField }),
  initack: v.object({ newest: v.nullable(promisedField) }),
  want: v.object({
    chunk: uint32Field,
    payment: v.nullable(promisedField),
    answer: v.nullable(answerField),
  }),
  chunk: v.object({
    chunk: uint32Field,
    bytes: v.pipe(uint32Field, v.minValue(1), v.maxValue(maxChunkBytes)),
    nonce: hashField,
    payment: v.nullable(promisedField),
    code: challengeField,
  }),
  head: v.object({ bytes: v.pipe(uint32Field, v.minValue(1), v.maxValue(maxChunkBytes)) }),
  bye: v.object({ code: codeField }),
}

export const encodeWatch = (body: WatchBodies[keyof WatchBodies]): Uint8Array<ArrayBuffer> =>
  encodeJson(body as Json)

/** The body of a frame that came when one of command `cmd` was due. */
export const decodeWatch = <C extends keyof WatchBodies>(
  cmd: C,
  data: Uint8Array,
): Result<WatchBodies[C]> => {
  const json = decodeJson(data, maxWatchJson)
  if (!json.ok) return json
  const schema: Schema<WatchBodies[C]> = schemas[cmd]
  return parseFields(schema, json.value, 'message-malformed')
}

/** What a source pays for: nobody knows it who does not have nonce and bytes at the same time. */
export const answerHash = (nonce: Hash, chunk: Uint8Array): Hash =>
  hashFromBytes(keccak256(concatBytes(bytesFromHex(nonce as Hex), chunk)))

const initDocument = (source: SourceInit, init: Omit<WatcherInit, 'proof'>) => ({
  type: 'watch',
  to: source.key,
  nonce: source.nonce,
  escrow: init.escrow,
  leaf: init.leaf,
})

export const signWatcherInit = (
  crypto: Crypto,
  source: SourceInit,
  init: Omit<WatcherInit, 'proof'>,
  secretKey: Uint8Array,
): WatcherInit => ({ ...init, proof: signRecoverableText(crypto, initDocument(source, init), secretKey) })

/** The key that a watcher proved to have for this very greeting; `undefined` if none. */
export const recoverWatcher = (
  crypto: Crypto,
  source: SourceInit,
  init: WatcherInit,
): PublicKey | undefined => recoverText(crypto, initDocument(source, init), init.proof)

export type AnswerContext = { readonly escrow: Hash; readonly leaf: number; readonly to: PublicKey }
const answerDocument = (context: AnswerContext, answer: Omit<ChunkAnswer, 'signature'>) => ({
  type: 'watched',
  ...context,
  chunk: answer.chunk,
  hash: answer.hash,
  visibleMs: answer.visibleMs,
  code: answer.code,
})

export const signAnswer = (
  crypto: Crypto,
  context: AnswerContext,
  answer: Omit<ChunkAnswer, 'signature'>,
  secretKey: Uint8Array,
): ChunkAnswer => ({
  ...answer,
  signature: signRecoverableText(crypto, answerDocument(context, answer), secretKey),
})

/** The key that signed an answer; `undefined` if none could have. */
export const recoverAnswer = (
  crypto: Crypto,
  context: AnswerContext,
  answer: ChunkAnswer,
): PublicKey | undefined => recoverText(crypto, answerDocument(context, answer), answer.signature)
