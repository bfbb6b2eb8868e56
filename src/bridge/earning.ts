import * as v from 'valibot'
import {
  addressField,
  basisPointsField,
  cidField,
  formatNameField,
  hashField,
  listField,
  signedRateField,
  textField,
  uint8Field,
  uint32Field,
  uint40Field,
  uint53Field,
  videoIdField,
} from '#protocol/fields.ts'
import { challengeField } from '#protocol/watch.ts'
import { failureSchema } from './failure.ts'
import { amountField, ticketField } from './shapes.ts'

/** What a person lets others bid for, and how much of it. Off until somebody turns it on: nothing is asked before. */
export const attentionSchema = v.object({
  isOn: v.boolean(),
  /** Base units a second below which nothing is offered to the person. */
  minimumWei: amountField,
  /** Plays the best bid without being asked; otherwise each waits for a press. */
  isAutomatic: v.boolean(),
  /** Seconds of video a day that are accepted by itself, in all and from one advertiser. */
  secondsPerDay: uint32Field,
  secondsPerAdvertiser: uint32Field,
})
export type Attention = v.InferOutput<typeof attentionSchema>

export const firstAttention: Attention = {
  isOn: false,
  minimumWei: 0n,
  isAutomatic: false,
  secondsPerDay: 1800,
  secondsPerAdvertiser: 600,
}

/** A bid that holds what it says; the words in it are the bidder's. Rates are base units a second. */
export const bidViewSchema = v.object({
  hash: hashField,
  payer: addressField,
  title: textField(200),
  rateWei: signedRateField,
  /** The site's part of it, in 1/10000, and whose it is. */
  affiliateBps: basisPointsField,
  affiliate: addressField,
  receivedAtMs: uint53Field,
  /** Unix seconds. */
  validUntil: uint40Field,
  /** Seconds of the video. */
  length: uint32Field,
  /** Percent of the time that the player must be seen playing, and whether codes are asked for. */
  visible: uint8Field,
  challenge: uint8Field,
})
export type BidView = v.InferOutput<typeof bidViewSchema>

/** A viewing that pays, as the node runs it: named by the bid that was accepted. */
export const viewingSchema = v.object({
  viewing: hashField,
  title: textField(200),
  advertiser: addressField,
  rateWei: signedRateField,
  chunkSeconds: uint32Field,
  length: uint32Field,
  /** Promised so far, by the newest stored proof, the site's part taken off. */
  earnedWei: amountField,
  acceptedAtMs: uint53Field,
  /** A chunk of it is being played. */
  isRunning: v.boolean(),
})
export type ViewingView = v.InferOutput<typeof viewingSchema>

/** What the wallet is asked to sign when a bid is accepted (protocol/acceptance.ts). */
export const acceptanceSchema = v.object({
  bid: hashField,
  payer: addressField,
  payee: addressField,
  signer: addressField,
  video: videoIdField,
  format: formatNameField,
  address: cidField,
  rate: signedRateField,
  chunkSeconds: uint32Field,
  length: uint32Field,
  validUntil: uint40Field,
})

/** Node Worker -> player page: whose time begins, or how the viewing has ended. */
export const turnSchema = v.union([
  v.object({ chunk: uint32Field, code: challengeField }),
  v.object({ ended: textField(60) }),
])
/** Player page -> node Worker: how a chunk's time was spent. */
export const playedSchema = v.object({ chunk: uint32Field, visibleMs: uint32Field, code: challengeField })

/** What the page asks for whose tag says `mode="attention"`. All of it is the site's word. */
export const earnAskedSchema = v.object({
  affiliate: v.exactOptional(addressField),
  element: v.exactOptional(ticketField),
})
export type EarnAsked = v.InferOutput<typeof earnAskedSchema>

/** Player page -> background. */
export const earnerMessage = v.variant('type', [
  v.object({ type: v.literal('open'), asked: earnAskedSchema }),
  v.object({ type: v.literal('accept'), bid: hashField }),
  /** Plays this viewing already; its worker was restarted meanwhile. */
  v.object({ type: v.literal('follow'), viewing: hashField }),
])
export type EarnerMessage = v.InferOutput<typeof earnerMessage>

/** What the player shows. */
export const earnerState = v.variant('status', [
  v.object({ status: v.literal('looking') }),
  v.object({ status: v.literal('absent') }),
  v.object({ status: v.literal('locked') }),
  v.object({ status: v.literal('off') }),
  v.object({ status: v.literal('none') }),
  v.object({ status: v.literal('offered'), bid: bidViewSchema }),
  v.object({ status: v.literal('accepting'), title: textField(200) }),
  v.object({
    status: v.literal('ready'),
    viewing: viewingSchema,
    ticket: ticketField,
    /** The next bid is taken without being asked when this one is over. */
    isAutomatic: v.boolean(),
  }),
  v.object({ status: v.literal('failed'), failure: failureSchema }),
])
export type EarnerState = v.InferOutput<typeof earnerState>

/** Background -> player page. */
export const earnerUpdate = v.variant('type', [
  v.object({ type: v.literal('state'), state: earnerState }),
  v.object({ type: v.literal('earned'), viewing: viewingSchema }),
])
export type EarnerUpdate = v.InferOutput<typeof earnerUpdate>

/** What the popup shows of it. */
export const earningSchema = v.object({
  attention: attentionSchema,
  /** Newest first. */
  viewings: listField(viewingSchema, 500),
})
export type EarningView = v.InferOutput<typeof earningSchema>
