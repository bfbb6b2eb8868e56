import * as v from 'valibot'
import { textField, uint53Field } from '#protocol/fields.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { failureSchema } from './failure.ts'

/** Of our own addresses, those of streams: `/stream/<purchase>/<path>`. */
export const streamPrefix = '/stream/'

/** What a player's library does next depends on the status: it tries a 5xx again, and takes a 4xx for an answer. */
const statusOfCode: Partial<Record<ErrorCode, number>> = {
  'request-malformed': 400,
  // The player's library gives up at once on 401 and 403, and the player asks to unlock.
  'wallet-locked': 401,
  'wallet-absent': 401,
  'payment-required': 402,
  'budget-exhausted': 402,
  'not-permitted': 403,
  'path-unknown': 404,
  'purchase-unknown': 404,
  'purchase-ended': 410,
  'range-invalid': 416,
}

export const streamStatusOf = (code: ErrorCode): number => statusOfCode[code] ?? 503

/** Bytes in one buffer of a stream, at most: a leaf in the memory into which it was received. */
export const streamBufferLength = 256 * 1024
/** Buffers that may be under way to one reader, 4 MiB: it grants so many, and then gives each back when it is done with it. */
export const streamCredit = 16

/** Node Worker -> reader. `end` is exclusive. A buffer is transferred; its bytes are `length` from `offset` on. */
export const streamMessage = v.variant('type', [
  v.object({
    type: v.literal('head'),
    size: uint53Field,
    start: uint53Field,
    end: uint53Field,
    contentType: textField(100),
  }),
  v.object({
    type: v.literal('bytes'),
    buffer: v.instance(ArrayBuffer),
    offset: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(streamBufferLength)),
    length: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(streamBufferLength)),
  }),
  v.object({ type: v.literal('end') }),
  v.object({ type: v.literal('failed'), failure: failureSchema }),
])
export type StreamMessage = v.InferOutput<typeof streamMessage>
export type StreamHead = Extract<StreamMessage, { type: 'head' }>

/** Reader -> node Worker. A returned buffer is the credit for one more. */
export const streamReply = v.variant('type', [
  v.object({
    type: v.literal('credit'),
    buffers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)),
  }),
  v.object({ type: v.literal('back'), buffer: v.instance(ArrayBuffer) }),
  v.object({ type: v.literal('cancel') }),
])
