import * as v from 'valibot'
import type { Hex, PublicKey } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import {
  type BidAnswer,
  bidAnswerSchema,
  type Opening,
  type OpeningAnswer,
  openingAnswerSchema,
  openingSchema,
} from './acceptance.ts'
import { type Ack, ackSchema } from './ack.ts'
import { type Ask, askSchema } from './ask.ts'
import {
  type AllottedAnswer,
  type AttentionAcceptance,
  type AttentionBids,
  allottedAnswerSchema,
  attentionAcceptanceSchema,
  attentionBidsSchema,
} from './attention-bid.ts'
import { type BalanceProof, balanceProofSchema } from './balance-proof.ts'
import { type Bid, bidSchema } from './bid.ts'
import { messageIdField, parseFields, publicKeyField, type Schema, uint53Field } from './fields.ts'
import { type SegmentClaim, segmentClaimSchema } from './job.ts'
import { decodeJson, encodeJson, type Json } from './json.ts'
import { type Offer, offerSchema } from './offer.ts'
import { type Order, orderSchema } from './order.ts'
import { type PurchaseAnswer, purchaseAnswerSchema } from './purchase.ts'
import { type SentReceipt, sentReceiptSchema } from './receipt.ts'
import { type Replicate, replicateSchema } from './replicate.ts'
import { type RequestClose, requestCloseSchema } from './request-close.ts'
import { type Vote, voteSchema } from './vote.ts'

/** The bodies of the messages that this version knows, by type. */
export type MessageBodies = {
  /** viewer -> publisher */
  readonly order: Order
  /** publisher -> viewer */
  readonly purchase: PurchaseAnswer
  /** host -> publisher */
  readonly receipt: SentReceipt
  /** host -> publisher */
  readonly offer: Offer
  /** publisher -> host */
  readonly replicate: Replicate
  /** viewer -> publisher */
  readonly close: RequestClose
  /** receiver -> `replyTo` of what it got */
  readonly ack: Ack
  /** transcoder -> payer */
  readonly 'segment-claim': SegmentClaim
  /** viewer -> publisher */
  readonly bid: Bid
  /** publisher -> viewer */
  readonly 'bid-answer': BidAnswer
  /** viewer -> publisher */
  readonly open: Opening
  /** publisher -> viewer */
  readonly opened: OpeningAnswer
  /** viewer -> publisher */
  readonly 'channel-close': BalanceProof
  /** viewer -> advertiser */
  readonly ask: Ask
  /** advertiser -> viewer */
  readonly 'attention-bids': AttentionBids
  /** viewer -> advertiser */
  readonly acceptance: AttentionAcceptance
  /** advertiser -> viewer */
  readonly allotted: AllottedAnswer
  /** viewer -> publisher */
  readonly vote: Vote
}

export type MessageType = keyof MessageBodies

export type MessageHeader = {
  /** 16 random bytes; received once. */
  readonly id: Hex
  /** Whom it is for. */
  readonly to: PublicKey
  /** Where answers go: a key made for this message. */
  readonly replyTo: PublicKey
  /** When it was written, in milliseconds since 1970. */
  readonly at: number
  /** When it is no longer wanted, in milliseconds since 1970. */
  readonly expires: number
}

/** A message of a known type with its parsed body. */
export type Message<T extends MessageType = MessageType> = {
  [K in T]: MessageHeader & { readonly v: 1; readonly type: K; readonly body: MessageBodies[K] }
}[T]

/** A message of a type that nobody here knows: kept for its reader, answered `unsupported`. */
export type UnknownMessage = MessageHeader & {
  readonly v: 1
  readonly type: string
  readonly unknownBody: unknown
}

export const maxMessageBytes = 49_152
/** A message may be dated so far ahead of our clock. */
export const maxClockSkewMs = 120_000

const bodySchemas: { readonly [T in MessageType]: Schema<MessageBodies[T]> } = {
  order: orderSchema,
  purchase: purchaseAnswerSchema,
  receipt: sentReceiptSchema,
  offer: offerSchema,
  replicate: replicateSchema,
  close: requestCloseSchema,
  ack: ackSchema,
  'segment-claim': segmentClaimSchema,
  bid: bidSchema,
  'bid-answer': bidAnswerSchema,
  open: openingSchema,
  opened: openingAnswerSchema,
  'channel-close': balanceProofSchema,
  ask: askSchema,
  'attention-bids': attentionBidsSchema,
  acceptance: attentionAcceptanceSchema,
  allotted: allottedAnswerSchema,
  vote: voteSchema,
}

const headerSchema = v.object({
  v: v.literal(1),
  type: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/)),
  id: messageIdField,
  to: publicKeyField,
  replyTo: publicKeyField,
  at: uint53Field,
  expires: uint53Field,
  body: v.unknown(),
})

/** Canonical JSON of a message. Throws RangeError above 48 KiB: senders bound their lists. */
export const encodeMessage = (message: Message): Uint8Array<ArrayBuffer> => {
  const bytes = encodeJson(message as Json)
  if (bytes.length > maxMessageBytes) throw new RangeError('message longer than 48 KiB')
  return bytes
}

/** Parses a message and, where its type is known, its body. Times and receiver are for {@link checkMessage}. */
export const decodeMessage = (bytes: Uint8Array): Result<Message | UnknownMessage> => {
  const json = decodeJson(bytes, maxMessageBytes)
  if (!json.ok) return json
  const parsed = parseFields(headerSchema, json.value, 'message-malformed')
  if (!parsed.ok) return parsed
  const { type, body, ...header } = parsed.value
  if (!isMessageType(type)) return ok({ ...header, type, unknownBody: body })
  return parseBody(type, body, header)
}

/** Whether a message is of a type that this version knows. */
export const isKnown = (message: Message | UnknownMessage): message is Message => !('unknownBody' in message)

/**
 * A message is wanted for so long at most: the longest that a purchase is open. Ids are remembered until then, so
 * nobody may have them remembered for ever.
 */
const maxLifetimeMs = 30 * 86_400_000

/** Refuses a message that is not for `to`, has expired, or is dated more than 2 minutes ahead. */
export const checkMessage = <T extends MessageHeader>(
  message: T,
  to: PublicKey,
  nowMs: number,
): Result<T> => {
  if (message.to !== to) return failed('message-not-mine')
  if (message.at > nowMs + maxClockSkewMs) return failed('message-from-future', { at: message.at })
  if (message.expires <= nowMs || message.expires < message.at) {
    return failed('message-expired', { expires: message.expires })
  }
  if (message.expires > message.at + maxLifetimeMs) return failed('message-malformed', { field: 'expires' })
  return ok(message)
}

const isMessageType = (type: string): type is MessageType => Object.hasOwn(bodySchemas, type)

const parseBody = <T extends MessageType>(
  type: T,
  body: unknown,
  header: MessageHeader & { readonly v: 1 },
): Result<Message> => {
  const schema: Schema<MessageBodies[T]> = bodySchemas[type]
  const parsed = parseFields(schema, body, 'message-malformed')
  // Type and body are of one T; TypeScript cannot follow that through the mapped union.
  return parsed.ok ? ok({ ...header, type, body: parsed.value } as unknown as Message) : parsed
}
