import canonicalize from 'canonicalize'
import { bytesFromUtf8, equalBytes, parseUtf8 } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/** What may be written: JSON, with amounts as bigint (written as decimal text) and absent fields as undefined. */
export type Json =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | readonly Json[]
  | { readonly [field: string]: Json }

/** Objects and lists nested deeper than this are refused. */
export const maxJsonDepth = 8

/** Canonical JSON (RFC 8785) as UTF-8. Throws for values that JSON has not: a bug of the caller. */
export const encodeJson = (value: Json): Uint8Array<ArrayBuffer> => bytesFromUtf8(canonicalText(value))

/** Canonical JSON (RFC 8785) as text. */
export const canonicalText = (value: Json): string => {
  const text = canonicalize(writable(value))
  if (text === undefined) throw new RangeError('not a JSON value')
  return text
}

/**
 * Parses canonical JSON of at most `maxBytes` bytes and depth {@link maxJsonDepth}. Any other spelling of the same
 * value is refused too, so that a document has one byte form and no field twice.
 */
export const decodeJson = (bytes: Uint8Array, maxBytes: number): Result<unknown> => {
  if (bytes.length > maxBytes) return failed('message-too-long', { bytes: bytes.length, maxBytes })
  if (depthOf(bytes) > maxJsonDepth) return failed('message-malformed', { reason: 'too deep' })
  const text = parseUtf8(bytes)
  if (text === undefined) return failed('message-malformed', { reason: 'not UTF-8' })
  try {
    const value: unknown = JSON.parse(text)
    const canonical = canonicalize(value)
    if (canonical === undefined || !equalBytes(bytesFromUtf8(canonical), bytes)) {
      return failed('message-malformed', { reason: 'not canonical' })
    }
    return ok(value)
  } catch {
    return failed('message-malformed', { reason: 'not JSON' })
  }
}

const writable = (value: Json): unknown => {
  if (typeof value === 'bigint') return value.toString()
  if (isList(value)) return value.map(writable)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, writable(field)]),
  )
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x7b, 0x5b])
const closing = new Set([0x7d, 0x5d])

/** How deep brackets nest outside of strings; looked at before a parser sees the text. */
const depthOf = (bytes: Uint8Array): number => {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (opening.has(byte)) deepest = Math.max(deepest, ++depth)
    else if (closing.has(byte)) depth--
  }
  return deepest
}
