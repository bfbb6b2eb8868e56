import * as v from 'valibot'
import { textField, uint53Field } from '#protocol/fields.ts'
import { failureSchema } from './failure.ts'

/** Bytes in one buffer of a stream. */
export const streamBufferLength = 512 * 1024
/** Buffers that may be under way to one reader: it grants so many, and then gives each back when it is done with it. */
export const streamCredit = 4

/** Node Worker -> reader. `end` is exclusive. A buffer is transferred, and holds bytes up to `length`. */
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
