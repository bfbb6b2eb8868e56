import * as v from 'valibot'
import type { Hex } from '#std/brand.ts'
import { messageIdField, type Schema } from './fields.ts'
import { codeField } from './purchase.ts'

/**
 * The body of an `ack` message: the receiver has a message, or refuses it for good with `code`. Sent to the message's
 * `replyTo`, signed by the key that the message was for. An ack is never acknowledged.
 */
export type Ack = {
  /** Id of the message. */
  readonly of: Hex
  readonly code?: string | undefined
}

export const ackSchema: Schema<Ack> = v.object({ of: messageIdField, code: v.optional(codeField) })
