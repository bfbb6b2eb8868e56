import * as v from 'valibot'
import type { Address, Cid, Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import {
  cidField,
  hashField,
  listField,
  multiaddrField,
  parseFields,
  publicKeyField,
  type Schema,
  signatureField,
  uint32Field,
  uint40Field,
  weiField,
} from './fields.ts'
import { decodeJson, encodeJson, type Json } from './json.ts'
import { type Order, orderSchema } from './order.ts'
import { codeField } from './purchase.ts'
import { type Receipt, receiptSchema } from './receipt.ts'
import { addressOf } from './signature.ts'
import { recoverText, signRecoverableText } from './signed.ts'

/** A host's first word on `/paratii/exchange/1`: 32 fresh random bytes, and who it is. */
export type HostInit = { readonly nonce: Hash; readonly key: PublicKey }

/** A viewer's first word: what it bought, which allotment is this host's, and that it holds the purchase's key. */
export type ViewerInit = {
  readonly order: Order
  readonly leaf: number
  /** EIP-2098, by the purchase's node key, see {@link signInitProof}. */
  readonly proof: Signature
}

/** The host will serve. */
export type InitAck = {
  /** Base units a byte that it will be paid. */
  readonly fee: bigint
  /** Bytes it sends ahead of receipts. */
  readonly credit: number
  /** The newest receipt that it holds for this purchase. */
  readonly receipt?: Receipt | undefined
  /** Multiaddr of its data plane; without one leaves are asked for on this stream. */
  readonly http?: string | undefined
}

/** A receipt, and the blocks it counts that no receipt to this host counted before, in the order of the digest. */
export type Payment = { readonly receipt: Receipt; readonly blocks: readonly Cid[] }

/** The receipt is stored. `bytes`: counted in all; `credit`: bytes now sent ahead of receipts. */
export type PaymentAck = { readonly bytes: number; readonly credit: number }

/** The host waits: so many bytes are sent and not receipted. */
export type ReqPayment = { readonly outstanding: number }

/** The last word, with an error code that says why (perhaps a newer one than this program knows). */
export type Bye = { readonly code: string }

/** Where there is no HTTP: leaves to be sent as `data` frames on the stream, in this order. */
export type GetData = { readonly blocks: readonly Cid[] }

/** Bodies of the exchange by frame command and sender. */
export type HostBodies = {
  readonly init: HostInit
  readonly initack: InitAck
  readonly paymentack: PaymentAck
  readonly reqpayment: ReqPayment
  readonly bye: Bye
}
export type ViewerBodies = {
  readonly init: ViewerInit
  readonly getdata: GetData
  readonly payment: Payment
  readonly bye: Bye
}

/** What one side may hear, as a union over its commands. */
export type ExchangeBody<B> = { [C in keyof B]: { readonly cmd: C; readonly body: B[C] } }[keyof B]

/** Blocks that one payment may count. The viewer signs before it has more. */
export const maxPaymentBlocks = 1024
/** Leaves that one `getdata` asks for. */
export const maxGetData = 64
/** Bytes of one exchange body. */
export const maxExchangeBytes = 98_304

export const byeSchema: Schema<Bye> = v.object({ code: codeField })
export const hostInitSchema: Schema<HostInit> = v.object({ nonce: hashField, key: publicKeyField })

const hostSchemas: { readonly [C in keyof HostBodies]: Schema<HostBodies[C]> } = {
  init: hostInitSchema,
  initack: v.object({
    fee: weiField(64),
    credit: uint40Field,
    receipt: v.optional(receiptSchema),
    http: v.optional(multiaddrField),
  }),
  paymentack: v.object({ bytes: uint40Field, credit: uint40Field }),
  reqpayment: v.object({ outstanding: uint40Field }),
  bye: byeSchema,
}

const viewerSchemas: { readonly [C in keyof ViewerBodies]: Schema<ViewerBodies[C]> } = {
  init: v.object({ order: orderSchema, leaf: uint32Field, proof: signatureField }),
  getdata: v.object({ blocks: listField(cidField, maxGetData) }),
  payment: v.object({ receipt: receiptSchema, blocks: listField(cidField, maxPaymentBlocks) }),
  bye: byeSchema,
}

/** The data of an exchange frame: canonical JSON. */
export const encodeExchange = (body: HostBodies[keyof HostBodies] | ViewerBodies[keyof ViewerBodies]) =>
  encodeJson(body as Json)

/** Parses what a host sent. An unknown command gives `undefined`: it is skipped. */
export const decodeFromHost = (cmd: string, data: Uint8Array): Result<ExchangeBody<HostBodies> | undefined> =>
  decodeWord(hostSchemas, cmd, data, maxExchangeBytes) as Result<ExchangeBody<HostBodies> | undefined>

/** Parses what a viewer sent. An unknown command gives `undefined`: it is skipped. */
export const decodeFromViewer = (
  cmd: string,
  data: Uint8Array,
): Result<ExchangeBody<ViewerBodies> | undefined> =>
  decodeWord(viewerSchemas, cmd, data, maxExchangeBytes) as Result<ExchangeBody<ViewerBodies> | undefined>

/** Parses one word of an exchange by its command; an unknown one gives `undefined`. */
export const decodeWord = (
  schemas: Readonly<Record<string, Schema<unknown>>>,
  cmd: string,
  data: Uint8Array,
  maxBytes: number,
): Result<{ cmd: string; body: unknown } | undefined> => {
  const schema = Object.hasOwn(schemas, cmd) ? schemas[cmd] : undefined
  if (schema === undefined) return ok(undefined)
  const json = decodeJson(data, maxBytes)
  if (!json.ok) return json
  const parsed = parseFields(schema, json.value, 'message-malformed')
  return parsed.ok ? ok({ cmd, body: parsed.value }) : parsed
}

/** What the proof is over: this host's fresh nonce, so that it convinces nobody else and never again. */
const initProofText = (host: HostInit, purchase: PurchaseNonce) => ({
  type: 'init',
  to: host.key,
  nonce: host.nonce,
  purchase,
})

/** The viewer's proof that it holds the purchase's node key. */
export const signInitProof = (
  crypto: Crypto,
  host: HostInit,
  purchase: PurchaseNonce,
  nodeSecretKey: Uint8Array,
): Signature => signRecoverableText(crypto, initProofText(host, purchase), nodeSecretKey)

/** The purchase's public key, if the proof is by `signer`; else `signature-invalid`. */
export const verifyInitProof = (
  crypto: Crypto,
  host: HostInit,
  purchase: PurchaseNonce,
  proof: Signature,
  signer: Address,
): Result<PublicKey> => {
  const key = recoverText(crypto, initProofText(host, purchase), proof)
  return key !== undefined && addressOf(crypto, key) === signer
    ? ok(key)
    : failed('signature-invalid', { field: 'proof' })
}
