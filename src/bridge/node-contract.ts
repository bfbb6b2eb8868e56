import * as v from 'valibot'
import { maxAllotments } from '#protocol/allotment.ts'
import {
  addressField,
  formatNameField,
  hashField,
  listField,
  multiaddrsField,
  publicKeyField,
  purchaseNonceField,
  signatureField,
  textField,
  uint32Field,
  uint40Field,
  uint53Field,
  videoIdField,
} from '#protocol/fields.ts'
import { orderSchema } from '#protocol/order.ts'
import { termsSchema } from '#protocol/terms.ts'
import type { Hex } from '#std/brand.ts'
import { isHex } from '#std/bytes.ts'
import { acceptanceSchema, bidViewSchema, playedSchema, turnSchema, viewingSchema } from './earning.ts'
import { amountField, meterSchema, networkSchema, pathField } from './shapes.ts'

const nothing = v.object({})
const lifelineField = v.object({ lifeline: textField(100) })
/** Bytes of films that the node may keep. */
const keptField = v.object({ keptBytes: uint53Field })
const listedHostSchema = v.object({ key: publicKeyField, payout: addressField, addresses: multiaddrsField })
/** A node key: good for the deposit of one purchase. No other secret is ever sent to the node. */
const nodeKeyField = v.custom<Hex>(value => typeof value === 'string' && isHex(value, 32))

/** What the node found out about a video on sale: what an order for it is made from. */
export const quoteSchema = v.object({
  title: textField(200),
  durationSeconds: uint53Field,
  terms: termsSchema,
  /** Hosts that have it, the one that answered first before the others. */
  hosts: v.pipe(listField(listedHostSchema, maxAllotments), v.minLength(1)),
  /** Bytes that those hosts may be paid for in all. */
  capacity: uint40Field,
})
export type NodeQuote = v.InferOutput<typeof quoteSchema>

/** A part of a file. `last` is inclusive, as in HTTP. */
const partFields = {
  path: pathField,
  range: v.exactOptional(
    v.union([
      v.object({ first: uint53Field, last: v.exactOptional(uint53Field) }),
      v.object({ suffix: uint53Field }),
    ]),
  ),
}

/** Player page -> node Worker, over a port that the background worker brokered for one purchase: bytes skip it. */
export const channelRequests = {
  /** Answered at once. Each says which lock it holds as long as it lives. */
  hello: { params: lifelineField, result: lifelineField },
  /** Streams over the one port that comes with it (stream.ts). */
  read: { params: v.object(partFields), result: nothing },
  /** Of a viewing: answered when a chunk comes after this one (none: the first), or when it has ended. */
  turn: { params: v.object({ after: v.exactOptional(uint32Field) }), result: turnSchema },
  /** Of a viewing: a chunk's time is over. */
  played: { params: playedSchema, result: nothing },
} as const

/** Background worker -> node Worker. */
export const nodeRequests = {
  /** Answered at once by a node that lives. Each says which lock it holds as long as it does. */
  hello: { params: v.object({ ...lifelineField.entries, ...keptField.entries }), result: lifelineField },
  /** Keeps so much of films from now on. */
  keep: { params: keptField, result: nothing },
  /** Clears away what is kept of films. */
  forget: { params: nothing, result: nothing },
  quote: {
    params: v.object({ network: networkSchema, video: videoIdField, format: formatNameField }),
    result: quoteSchema,
  },
  /** Sends the order and waits until the purchase is on the chain. Sending one order twice buys once. */
  buy: {
    params: v.object({ network: networkSchema, order: orderSchema, nodeKey: nodeKeyField }),
    result: v.object({ purchase: purchaseNonceField }),
  },
  /** Makes sure that a purchase made before can be read. The node asks for its key if it does not hold it. */
  open: {
    params: v.object({ network: networkSchema, purchase: purchaseNonceField }),
    result: meterSchema,
  },
  /** What a purchase has paid on the chain, which may be less than was signed; final once nothing more can be paid. */
  settlement: {
    params: v.object({ network: networkSchema, purchase: purchaseNonceField }),
    result: v.object({ paidWei: amountField, isFinal: v.boolean() }),
  },
  /** Signs what is still owed and asks to close. */
  stop: { params: v.object({ network: networkSchema, purchase: purchaseNonceField }), result: nothing },
  /** Streams over the one port that comes with it (stream.ts). */
  read: {
    params: v.object({ network: networkSchema, purchase: purchaseNonceField, ...partFields }),
    result: nothing,
  },
  /** Serves {@link channelRequests} over the one port that comes with it, to a page that may stream this purchase. */
  channel: {
    params: v.object({ network: networkSchema, purchase: purchaseNonceField }),
    result: nothing,
  },
  /** Asks advertisers for bids, and answers with those that hold what they say. */
  bids: {
    params: v.object({
      network: networkSchema,
      minimumWei: amountField,
      languages: listField(textField(40), 8),
      longest: uint32Field,
    }),
    result: v.object({ bids: listField(bidViewSchema, 64) }),
  },
  /** Accepts a bid that was heard, for the account that is to be paid, and starts to watch. */
  accept: {
    params: v.object({ network: networkSchema, bid: hashField, payee: addressField }),
    result: viewingSchema,
  },
  /** Takes up a viewing of the account that was cut off, if there is one. */
  'viewing-resume': {
    params: v.object({ network: networkSchema, payee: addressField }),
    result: v.object({ viewing: v.exactOptional(viewingSchema) }),
  },
  /** What a viewing has brought so far: its promises are told from now on. */
  viewing: { params: v.object({ network: networkSchema, viewing: hashField }), result: viewingSchema },
  'viewing-stop': { params: v.object({ network: networkSchema, viewing: hashField }), result: nothing },
  /** As `channel`, to a page that plays this viewing. */
  'viewing-channel': { params: v.object({ network: networkSchema, viewing: hashField }), result: nothing },
} as const

/** Node Worker -> background worker. */
export const nodeCallbacks = {
  'node-key': {
    params: v.object({ purchase: purchaseNonceField }),
    result: v.object({ nodeKey: nodeKeyField }),
  },
  meter: { params: meterSchema, result: nothing },
  /** A purchase that is being bought can be read: its free head at once, the rest when the chain has it. */
  readable: { params: v.object({ purchase: purchaseNonceField }), result: nothing },
  /** By the account that is to be paid, if it said yes to this bid. */
  'sign-acceptance': { params: acceptanceSchema, result: v.object({ signature: signatureField }) },
  viewing: { params: viewingSchema, result: nothing },
} as const

/** Offscreen page -> its Worker, and background worker -> offscreen page: with the one port to talk over. */
export const connectMessage = v.object({ type: v.literal('connect') })
