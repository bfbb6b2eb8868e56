import * as v from 'valibot'
import type {
  Address,
  Cid,
  FormatName,
  Hash,
  Hex,
  PublicKey,
  PurchaseNonce,
  Signature,
  VideoId,
} from '#std/brand.ts'
import { isHex } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { ok, type Result } from '#std/result.ts'
import { isCid } from './cid.ts'

/** A parser of documents: anything in, a trusted T out. */
export type Schema<T> = v.GenericSchema<unknown, T>

/** Largest value of the 40-bit byte counts that the chain keeps. */
export const maxUint40 = 2 ** 40 - 1
const maxUint32 = 2 ** 32 - 1

const hexSchema = <T extends Hex>(length: number): Schema<T> =>
  v.custom<T>(value => typeof value === 'string' && isHex(value, length))

export const hashField: Schema<Hash> = hexSchema(32)
export const videoIdField: Schema<VideoId> = hexSchema(32)
export const purchaseNonceField: Schema<PurchaseNonce> = hexSchema(32)
export const addressField: Schema<Address> = hexSchema(20)
export const signatureField: Schema<Signature> = hexSchema(64)
/** The first byte says compressed; whether the point is on the curve is for the verifier to see. */
export const publicKeyField: Schema<PublicKey> = v.custom<PublicKey>(
  value =>
    typeof value === 'string' && isHex(value, 33) && (value.startsWith('0x02') || value.startsWith('0x03')),
)
/** Names a message: 16 random bytes. */
export const messageIdField: Schema<Hex> = hexSchema(16)
export const cidField: Schema<Cid> = v.custom<Cid>(value => typeof value === 'string' && isCid(value))
export const formatNameField: Schema<FormatName> = v.custom<FormatName>(
  value => typeof value === 'string' && isFormatName(value),
)

/** Whether a text may name a format: 1 to 31 characters of `[a-z0-9-]`. */
export const isFormatName = (text: string): text is FormatName => /^[a-z0-9-]{1,31}$/.test(text)

const uintField = (max: number): Schema<number> =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max))

export const uint8Field: Schema<number> = uintField(255)
export const uint32Field: Schema<number> = uintField(maxUint32)
export const uint40Field: Schema<number> = uintField(maxUint40)
/** Any exact non-negative integer of JSON: chain ids, times in milliseconds. */
export const uint53Field: Schema<number> = uintField(Number.MAX_SAFE_INTEGER)
/** Hundredths of a percent. */
export const basisPointsField: Schema<number> = uintField(10_000)

/** Base units as decimal text on the wire, as bigint inside; below 2^bits. */
export const weiField = (bits: 64 | 96): Schema<bigint> =>
  v.pipe(
    v.string(),
    v.regex(/^(?:0|[1-9][0-9]{0,28})$/),
    v.transform(text => BigInt(text)),
    v.check(value => value >> BigInt(bits) === 0n),
  )

/** A rate with a sign: base units a second below 2^96; the document that has it says who pays when it is below zero. */
export const signedRateField: Schema<bigint> = v.pipe(
  v.string(),
  v.regex(/^(?:0|-?[1-9][0-9]{0,28})$/),
  v.transform(text => BigInt(text)),
  v.check(value => (value < 0n ? -value : value) >> 96n === 0n),
)

/** Text of at most so many UTF-16 units. */
export const textField = (maxLength: number): Schema<string> => v.pipe(v.string(), v.maxLength(maxLength))

/** A list of at most so many items. */
export const listField = <T>(item: Schema<T>, maxItems: number): Schema<readonly T[]> =>
  v.pipe(v.array(v.unknown()), v.maxLength(maxItems), v.array(item))

/** A multiaddr. Its text is only bounded here; who dials it parses it. */
export const multiaddrField: Schema<string> = v.pipe(v.string(), v.regex(/^\/[\x21-\x7e]{1,255}$/))
export const maxAddresses = 16
export const multiaddrsField: Schema<readonly string[]> = listField(multiaddrField, maxAddresses)

/**
 * Parses what came from outside. Fields that the schema does not know are dropped, a missing one fails.
 * The failure names the field, never its value.
 */
export const parseFields = <T>(schema: Schema<T>, value: unknown, code: ErrorCode): Result<T> => {
  const parsed = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true })
  if (parsed.success) return ok(parsed.output)
  return failed(code, { field: v.getDotPath(parsed.issues[0])?.slice(0, 100) ?? '' })
}
