import * as v from 'valibot'
import { addressField, hashField, listField, textField, uint53Field } from '#protocol/fields.ts'
import { amountField, originField, ticketField } from './shapes.ts'

/** The most that a site may send in one request, as JSON. */
const maxParamsLength = 65_536

/** A request of EIP-1193 as it comes from a page: any page, so any value. */
export const providerRequest = v.object({
  method: v.pipe(textField(100), v.minLength(1)),
  params: v.pipe(
    v.optional(v.unknown(), []),
    v.check(params => JSON.stringify(params)?.length <= maxParamsLength),
  ),
})
export type ProviderRequest = v.InferOutput<typeof providerRequest>

/** Its answer: a value, or an error of EIP-1193 or EIP-1474. */
export const providerAnswer = v.variant('ok', [
  v.object({ ok: v.literal(true), result: v.unknown() }),
  v.object({ ok: v.literal(false), code: v.pipe(v.number(), v.integer()), message: textField(300) }),
])

/** Background -> content script: an event of EIP-1193 for the page. */
export const providerEvent = v.object({
  type: v.literal('provider-event'),
  name: v.picklist(['connect', 'disconnect', 'chainChanged', 'accountsChanged']),
  data: v.unknown(),
})
export type ProviderEvent = v.InferOutput<typeof providerEvent>

/** Why somebody should look twice before saying yes. */
const warningField = v.picklist([
  'moves-money',
  'other-site',
  'not-text',
  'unlimited',
  'will-fail',
  'unknown-call',
])

const head = {
  /** Made by the background: an answer names it. */
  id: ticketField,
  origin: originField,
  account: addressField,
  warnings: listField(warningField, 6),
}
const amount = v.pipe(
  v.string(),
  v.regex(/^\d{1,78}$/),
  v.transform(text => BigInt(text)),
)

const callMeaningSchema = v.variant('does', [
  v.object({ does: v.literal('send-ether') }),
  v.object({ does: v.literal('create-contract') }),
  v.object({ does: v.literal('transfer'), to: addressField, amount }),
  v.object({ does: v.literal('transfer-from'), from: addressField, to: addressField, amount }),
  v.object({ does: v.literal('approve'), spender: addressField, amount }),
  v.object({ does: v.literal('approve-all'), operator: addressField, allowed: v.boolean() }),
  v.object({ does: v.literal('call'), selector: textField(10) }),
])

/** What a site asked for that needs a person's yes, as it is shown. */
export const approvalSchema = v.variant('asks', [
  v.object({ ...head, asks: v.literal('connect') }),
  v.object({ ...head, asks: v.literal('allow'), what: v.picklist(['paratii_ipfs', 'paratii_player']) }),
  v.object({
    ...head,
    asks: v.literal('message'),
    /** As text where it is text, else in hex. */
    message: textField(maxParamsLength),
  }),
  v.object({
    ...head,
    asks: v.literal('typed'),
    primaryType: textField(100),
    application: v.exactOptional(textField(1000)),
    contract: v.exactOptional(addressField),
    fields: listField(v.object({ path: textField(1000), value: textField(maxParamsLength) }), 200),
  }),
  v.object({
    ...head,
    asks: v.literal('transaction'),
    to: v.exactOptional(addressField),
    valueWei: amount,
    /** The most that its gas can cost. */
    feeWei: amount,
    meaning: callMeaningSchema,
    /** The token that is moved is PTI: then its amounts have a unit. */
    isPti: v.boolean(),
  }),
  v.object({
    ...head,
    asks: v.literal('network'),
    name: textField(40),
    chainId: uint53Field,
    rpcUrl: textField(300),
    isNew: v.boolean(),
  }),
])
export type Approval = v.InferOutput<typeof approvalSchema>

/** Ether or PTI that the person sends, and what became of it. */
export const transferSchema = v.object({
  hash: hashField,
  atMs: uint53Field,
  chainId: uint53Field,
  from: addressField,
  to: v.exactOptional(addressField),
  token: v.picklist(['ETH', 'PTI', 'call']),
  wei: amountField,
  description: v.exactOptional(textField(500)),
  /** The site that asked for it. */
  site: v.exactOptional(originField),
  state: v.picklist(['sent', 'mined', 'failed']),
  /** It was mined, and a reorganisation took it out again. */
  isUndone: v.exactOptional(v.boolean()),
})
export type Transfer = v.InferOutput<typeof transferSchema>
