import * as v from 'valibot'
import {
  addressField,
  hashField,
  listField,
  purchaseNonceField,
  textField,
  uint53Field,
} from '#protocol/fields.ts'
import { attentionSchema, bidViewSchema, earningSchema } from './earning.ts'
import { failureSchema } from './failure.ts'
import { controlSchema, mediaSchema } from './page-control.ts'
import { approvalSchema, providerAnswer, providerRequest, transferSchema } from './provider.ts'
import type { Context } from './sender.ts'
import {
  amountField,
  askedSchema,
  budgetSchema,
  homeSchema,
  meterSchema,
  networkSchema,
  offerSchema,
  originField,
  placeSchema,
  settingsSchema,
  siteRuleSchema,
  ticketField,
  urlField,
  walletStateSchema,
} from './shapes.ts'

type RequestEntry = {
  /** Who may send it. `page` (a content script, hence any site) may ask for one thing, which trusts it in nothing. */
  readonly from: readonly Context[]
  readonly params: v.GenericSchema
  readonly result: v.GenericSchema
}

const nothing = v.object({})
/** PTI or ether to somebody; ether with a few words on what for, which anybody can read on the chain. */
const sendSchema = v.object({
  token: v.picklist(['ETH', 'PTI']),
  to: addressField,
  wei: amountField,
  description: v.exactOptional(textField(200)),
})
const passwordField = v.pipe(textField(1024), v.minLength(1))

/** Every request to the background worker, by its name: one message, one answer. */
export const requests = {
  'wallet-state': { from: ['popup', 'onboarding'], params: nothing, result: walletStateSchema },
  'wallet-create': {
    from: ['onboarding'],
    params: v.object({
      phrase: textField(400),
      password: passwordField,
      network: networkSchema,
      budget: budgetSchema,
      /** The phrase was shown to be written down, or brought along. */
      isBackedUp: v.boolean(),
    }),
    result: walletStateSchema,
  },
  /** A new password for the wallet whose phrase this is: what a forgotten password asks for. */
  'wallet-restore': {
    from: ['onboarding'],
    params: v.object({ phrase: textField(400), password: passwordField }),
    result: walletStateSchema,
  },
  /** The phrase, to be written down; only for its password, whether the wallet is locked or not. */
  'wallet-reveal': {
    from: ['popup'],
    params: v.object({ password: passwordField }),
    result: v.object({ phrase: textField(400) }),
  },
  'settings-set': { from: ['popup'], params: settingsSchema, result: walletStateSchema },
  /** Clears away what the machine keeps of films. What is watched again then is paid for again. */
  'films-forget': { from: ['popup'], params: nothing, result: nothing },
  /** The next account of the phrase, which is used from now on. */
  'account-add': { from: ['popup'], params: nothing, result: walletStateSchema },
  'account-use': { from: ['popup'], params: v.object({ index: uint53Field }), result: walletStateSchema },
  'wallet-unlock': {
    from: ['popup', 'onboarding'],
    params: v.object({ password: passwordField }),
    result: walletStateSchema,
  },
  'wallet-lock': { from: ['popup'], params: nothing, result: walletStateSchema },
  /** Asks the chain whether it is what somebody says: its id, and that the registry names Paratii's contracts. */
  'network-check': {
    from: ['popup', 'onboarding'],
    params: v.object({ rpcUrl: urlField, registry: addressField }),
    result: v.object({ chainId: uint53Field }),
  },
  'network-set': { from: ['popup'], params: networkSchema, result: walletStateSchema },
  'budget-set': { from: ['popup'], params: budgetSchema, result: walletStateSchema },
  /** What the person decided about a site, in place of what was decided before. */
  'site-set': {
    from: ['popup'],
    params: v.object({ origin: originField, rule: siteRuleSchema }),
    result: nothing,
  },
  'site-forget': { from: ['popup'], params: v.object({ origin: originField }), result: nothing },
  /** EIP-1193. The site is who the browser says it is. */
  'provider-request': { from: ['page'], params: providerRequest, result: providerAnswer },
  'approval-answer': {
    from: ['popup'],
    params: v.object({ id: ticketField, isYes: v.boolean() }),
    result: nothing,
  },
  /** What sending would cost, and whether the chain would refuse it. Signs nothing. */
  'send-quote': {
    from: ['popup'],
    params: sendSchema,
    result: v.object({ feeWei: amountField, willFail: v.boolean() }),
  },
  send: {
    from: ['popup'],
    params: v.object({ ...sendSchema.entries, feeMaxWei: amountField }),
    result: transferSchema,
  },
  'purchase-stop': {
    from: ['popup', 'player'],
    params: v.object({ purchase: purchaseNonceField }),
    result: nothing,
  },
  /** Whether, and for how much, others may bid for the person's time. */
  'attention-set': { from: ['popup'], params: attentionSchema, result: nothing },
  /** Asks advertisers for bids now; the best first. */
  'bids-look': { from: ['popup'], params: nothing, result: v.object({ bids: listField(bidViewSchema, 64) }) },
  /** A bid of the last look, which the player that is opened next plays. */
  'bid-press': { from: ['popup'], params: v.object({ bid: hashField }), result: nothing },
  /** Leaves a viewing that pays: what was promised stays. */
  'viewing-stop': { from: ['popup', 'player'], params: v.object({ viewing: hashField }), result: nothing },
  /** Opens one of our own windows: a password is never asked for inside another site's page. */
  'window-open': {
    from: ['player', 'popup'],
    params: v.variant('show', [
      v.object({ show: v.literal('unlock') }),
      v.object({ show: v.literal('home') }),
      v.object({ show: v.literal('approval') }),
      /** The popup's bids, and the player that plays one. */
      v.object({ show: v.literal('bids') }),
      v.object({ show: v.literal('earner') }),
      v.object({ show: v.literal('onboarding') }),
      /** For whoever forgot the password. */
      v.object({ show: v.literal('restore') }),
      v.object({ show: v.literal('player'), asked: askedSchema }),
    ]),
    result: nothing,
  },
} as const satisfies Record<string, RequestEntry>

export type RequestName = keyof typeof requests
export type RequestParams<N extends RequestName> = v.InferOutput<(typeof requests)[N]['params']>
export type RequestResult<N extends RequestName> = v.InferOutput<(typeof requests)[N]['result']>

/** Names of the long-lived ports to the background worker, and who may open them. */
export const ports = { player: ['player'], earner: ['player'], home: ['popup'] } as const satisfies Record<
  string,
  readonly Context[]
>

/** Player page -> background. */
export const playerMessage = v.variant('type', [
  v.object({ type: v.literal('open'), asked: askedSchema, place: v.exactOptional(placeSchema) }),
  /** Pressed the button that named this sum. Nothing above it is ever signed. */
  v.object({
    type: v.literal('watch'),
    ticket: ticketField,
    agreedWei: amountField,
    /** From now on videos up to this sum start on this site without being asked about. */
    always: v.exactOptional(v.boolean()),
  }),
  /** Plays this purchase already; its worker was restarted meanwhile. */
  v.object({
    type: v.literal('follow'),
    purchase: purchaseNonceField,
    asked: askedSchema,
    place: v.exactOptional(placeSchema),
  }),
  /** What came of a control by this id: how the video stands now, if there is one. */
  v.object({ type: v.literal('controlled'), id: ticketField, media: v.exactOptional(mediaSchema) }),
])
export type PlayerMessage = v.InferOutput<typeof playerMessage>

/** What the player shows. */
export const playerState = v.variant('status', [
  v.object({ status: v.literal('finding') }),
  v.object({ status: v.literal('absent') }),
  v.object({ status: v.literal('offered'), locked: v.boolean(), offer: offerSchema }),
  v.object({ status: v.literal('buying') }),
  /** `ticket` is shown once to the worker by the page's own client, which then may stream the purchase. */
  v.object({
    status: v.literal('ready'),
    purchase: purchaseNonceField,
    ticket: ticketField,
    manifest: textField(200),
    title: textField(200),
    /** Goes on by itself after it was paused because nobody saw it. */
    resumesAlone: v.boolean(),
  }),
  /** The viewer stopped paying for this purchase. */
  v.object({ status: v.literal('stopped') }),
  v.object({ status: v.literal('failed'), failure: failureSchema }),
])
export type PlayerState = v.InferOutput<typeof playerState>

/** Background -> player page. */
export const playerUpdate = v.variant('type', [
  v.object({ type: v.literal('state'), state: playerState }),
  v.object({ type: v.literal('meter'), meter: meterSchema }),
  /** Was unlocked, locked or moved to another network while a video plays: what failed for that may go now. */
  v.object({ type: v.literal('wallet-changed') }),
  /** The page around it may steer it, and does. */
  v.object({ type: v.literal('control'), id: ticketField, control: controlSchema }),
])
export type PlayerUpdate = v.InferOutput<typeof playerUpdate>

/** Background -> popup: all of it, whenever any of it changed. */
export const homeUpdate = v.object({
  type: v.literal('home'),
  home: homeSchema,
  /** What sites ask for, the first of them first. */
  approvals: listField(approvalSchema, 20),
  transfers: listField(transferSchema, 200),
  earning: earningSchema,
})
export type HomeUpdate = v.InferOutput<typeof homeUpdate>

/** Background -> content script: what to dispatch on a tag. It tells a site what it could time itself, and no address. */
export const tagEvent = v.object({
  type: v.literal('tag-event'),
  element: ticketField,
  name: v.picklist([
    'paratii-paymentrequired',
    'paratii-payment',
    'paratii-chunkverified',
    'paratii-hosterror',
    'paratii-budgetexhausted',
    'paratii-earned',
  ]),
  detail: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
})
export type TagEvent = v.InferOutput<typeof tagEvent>

/** Player page -> background, by the service worker's own message event, which says which client speaks. */
export const clientMessage = v.variant('type', [
  /** Answered over the one port that comes with it. */
  v.object({ type: v.literal('claim'), ticket: ticketField }),
  /** Answered over the first port that comes with it; the second goes on to the node. */
  v.object({ type: v.literal('channel'), purchase: purchaseNonceField }),
  v.object({ type: v.literal('viewing'), viewing: hashField }),
])
export type ClientMessage = v.InferOutput<typeof clientMessage>

/** What a client is answered. */
export const clientAnswer = v.union([
  v.object({ ok: v.literal(true) }),
  v.object({ ok: v.literal(false), failure: failureSchema }),
])
