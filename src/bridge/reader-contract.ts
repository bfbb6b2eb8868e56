import * as v from 'valibot'
import {
  addressField,
  formatNameField,
  hashField,
  purchaseNonceField,
  textField,
  uint53Field,
  videoIdField,
} from '#protocol/fields.ts'
import { failureSchema } from './failure.ts'
import { networkSchema } from './shapes.ts'

/** A piece of a file that anybody may have, by its CID. */
export const freeAsked = v.object({
  cid: v.pipe(textField(200), v.minLength(1)),
  path: v.optional(v.pipe(v.array(v.pipe(textField(255), v.minLength(1))), v.maxLength(16)), []),
  offset: v.optional(uint53Field, 0),
})

/** Its bytes, compared with the CID, and how long the whole is. */
export const freePiece = v.object({ bytes: v.instance(Uint8Array), size: uint53Field })

/** A purchase as the chain tells of it. */
export const foundPurchase = v.object({
  purchase: purchaseNonceField,
  video: videoIdField,
  format: formatNameField,
  title: textField(200),
  payee: addressField,
  salt: hashField,
  boughtAtMs: uint53Field,
  endsAtMs: uint53Field,
  totalWei: v.bigint(),
  /** What was settled so far. */
  paidWei: v.bigint(),
  paidBytes: uint53Field,
  totalBytes: uint53Field,
  state: v.picklist(['open', 'closed']),
  /** Nothing more can be settled. */
  isFinal: v.boolean(),
})
export type FoundPurchase = v.InferOutput<typeof foundPurchase>

/** Background -> reader of what is public: one question, over the port that its one answer comes by. */
export const readerMessage = v.variant('type', [
  v.object({ type: v.literal('read-free'), network: networkSchema, asked: freeAsked }),
  v.object({ type: v.literal('find-purchases'), network: networkSchema, buyer: addressField }),
])
export type ReaderMessage = v.InferOutput<typeof readerMessage>

export const readerAnswer = v.variant('ok', [
  v.object({ ok: v.literal(true), value: v.unknown() }),
  v.object({ ok: v.literal(false), failure: failureSchema }),
])
