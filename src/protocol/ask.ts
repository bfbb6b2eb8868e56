import * as v from 'valibot'
import type { Address, FormatName } from '#std/brand.ts'
import {
  addressField,
  formatNameField,
  listField,
  type Schema,
  signedRateField,
  uint32Field,
} from './fields.ts'

/** A language tag as browsers have it, such as `pt` or `pt-BR`. */
const languageField: Schema<string> = v.pipe(v.string(), v.regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/))
/** A word about what a video is about. */
export const topicField: Schema<string> = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/))
export const maxTopics = 16

/**
 * The body of an `ask` message, viewer -> advertiser or publisher: bid for my time. It holds until its message
 * expires; answers go to the message's `replyTo`, a key made for this ask.
 */
export type Ask = {
  /** Base units a second below which no bid is wanted; below zero: up to so much the viewer would pay. */
  readonly minimum: bigint
  /** What is understood, the best first. */
  readonly languages: readonly string[]
  /** What is wanted; none is anything. */
  readonly topics: readonly string[]
  readonly formats: readonly FormatName[]
  /** Seconds that a video may last. */
  readonly longest: number
  /** The account that is paid, which the public history of may be looked at; it signs the message. Null: none shown. */
  readonly account: Address | null
}

export const askSchema: Schema<Ask> = v.object({
  minimum: signedRateField,
  languages: listField(languageField, 8),
  topics: listField(topicField, maxTopics),
  formats: listField(formatNameField, 16),
  longest: uint32Field,
  account: v.nullable(addressField),
})
