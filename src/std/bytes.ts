import type { Hex } from './brand.ts'

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)
const hexPattern = /^0x(?:[0-9a-f]{2})*$/
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as `0x` and lowercase hex. */
export const hexFromBytes = (bytes: Uint8Array): Hex => {
  let text = '0x'
  for (const byte of bytes) text += hexPairs[byte]
  return text as Hex
}

/** Whether a text is `0x` and lowercase hex digits, two a byte, of `length` bytes if given. */
export const isHex = (text: string, length?: number): text is Hex =>
  (length === undefined || text.length === 2 + 2 * length) && hexPattern.test(text)

/** The bytes of a hex text; `undefined` if it is not `0x` and lowercase hex digits, two a byte. */
export const parseHex = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (!isHex(text)) return undefined
  const bytes = new Uint8Array((text.length - 2) / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = digitOf(text, 2 + 2 * i) * 16 + digitOf(text, 3 + 2 * i)
  return bytes
}

/** The bytes of a text already known to be hex. Throws RangeError on any other: that is a bug of the caller. */
export const bytesFromHex = (text: Hex): Uint8Array<ArrayBuffer> => {
  const bytes = parseHex(text)
  if (bytes === undefined) throw new RangeError('not 0x and lowercase hex digits')
  return bytes
}

const digitOf = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  return code < 58 ? code - 48 : code - 87
}

/** One array holding all the given ones, in order. */
export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Whether two arrays hold the same bytes, in time that depends on their lengths alone. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** UTF-8 bytes of a text. */
export const bytesFromUtf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text)

/** The text of UTF-8 bytes; `undefined` if they are not valid UTF-8. */
export const parseUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** A 4-byte big-endian integer. */
export const bytesFromUint32 = (value: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** The 4-byte big-endian integer at an offset that the caller has checked. */
export const uint32At = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset)

/** A non-negative integer as `length` big-endian bytes. Throws RangeError if it does not fit. */
export const bytesFromBigint = (value: bigint, length: number): Uint8Array<ArrayBuffer> => {
  if (value < 0n || value >> BigInt(8 * length) !== 0n) throw new RangeError(`does not fit ${length} bytes`)
  return bytesFromHex(`0x${value.toString(16).padStart(2 * length, '0')}`)
}

/** Big-endian bytes as a non-negative integer; none are zero. */
export const bigintFromBytes = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt(hexFromBytes(bytes))
