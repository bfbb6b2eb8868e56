import { xchacha20 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import type { PublicKey } from '#std/brand.ts'
import {
  bytesFromHex,
  bytesFromUint32,
  bytesFromUtf8,
  concatBytes,
  equalBytes,
  uint32At,
} from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { sha256 } from './hash.ts'
import { publicKeyFromBytes } from './signature.ts'
import { decodeSigned, openSigned, type Signed, signedOverhead } from './signed.ts'

/** An envelope as it was parsed: nothing in it is checked but its lengths. */
export type Envelope = {
  readonly mac: Uint8Array
  readonly receiver: PublicKey
  /** A key made for this one envelope. The real sender is inside. */
  readonly ephemeral: PublicKey
  readonly signature: Uint8Array
  readonly data: Uint8Array
}

/** What is fresh for each envelope: a secret key of 32 bytes and a nonce of 24. Never used twice. */
export type EnvelopeSecrets = { readonly ephemeralSecretKey: Uint8Array; readonly nonce: Uint8Array }

/** mac 32, receiver 33, ephemeral 33, signature 64, length 4 */
export const envelopeOverhead = 166
/** Bytes of an envelope; one fits a frame on pubsub. */
export const maxEnvelopeBytes = 65_536

const version = 1
const nonceLength = 24
const macLength = 32
const headLength = 1 + nonceLength
const minPaddedLength = 512

/**
 * Encrypts signed content to one receiver: `[mac 32][receiver 33][ephemeral 33][sig 64][datalen u32][data]`.
 * `undefined` if the receiver's key is no point of the curve. Throws RangeError above 64 KiB.
 */
export const sealEnvelope = (
  crypto: Crypto,
  signedContent: Uint8Array,
  receiver: PublicKey,
  secrets: EnvelopeSecrets,
): Uint8Array<ArrayBuffer> | undefined => {
  if (secrets.nonce.length !== nonceLength) throw new RangeError('an envelope nonce has 24 bytes')
  const to = bytesFromHex(receiver)
  const ephemeral = crypto.publicKey(secrets.ephemeralSecretKey)
  const shared = crypto.ecdh(secrets.ephemeralSecretKey, to)
  if (shared === undefined) return undefined
  const { cipherKey, macKey } = deriveKeys(shared, to, ephemeral)
  const padded = new Uint8Array(paddedLength(signedContent.length))
  padded.set(signedContent)
  const data = concatBytes(Uint8Array.of(version), secrets.nonce, xchacha20(cipherKey, secrets.nonce, padded))
  if (data.length + envelopeOverhead > maxEnvelopeBytes) throw new RangeError('envelope longer than 64 KiB')
  const signature = crypto.sign(digestEnvelope(to, ephemeral, data), secrets.ephemeralSecretKey).bytes
  const rest = concatBytes(to, ephemeral, signature, bytesFromUint32(data.length), data)
  return concatBytes(hmac(sha256, macKey, rest), rest)
}

/** Parses an envelope; `envelope-malformed` unless it ends exactly where its length says. */
export const decodeEnvelope = (bytes: Uint8Array): Result<Envelope> => {
  const malformed = (reason: string) => failed('envelope-malformed', { reason })
  if (bytes.length < envelopeOverhead + headLength + minPaddedLength) return malformed('too short')
  if (bytes.length > maxEnvelopeBytes) return malformed('too long')
  const length = uint32At(bytes, envelopeOverhead - 4)
  if (length !== bytes.length - envelopeOverhead) return malformed('length')
  if (!isCompressed(bytes[32]) || !isCompressed(bytes[65])) return malformed('public key')
  return ok({
    mac: bytes.subarray(0, macLength),
    receiver: publicKeyFromBytes(bytes.subarray(32, 65)),
    ephemeral: publicKeyFromBytes(bytes.subarray(65, 98)),
    signature: bytes.subarray(98, 162),
    data: bytes.subarray(envelopeOverhead),
  })
}

/** What anyone can check, relays too: the lengths, and the ephemeral key's signature (`envelope-signature`). */
export const checkEnvelope = (crypto: Crypto, bytes: Uint8Array): Result<Envelope> => {
  const decoded = decodeEnvelope(bytes)
  if (!decoded.ok) return decoded
  const { receiver, ephemeral, signature, data } = decoded.value
  const digest = digestEnvelope(bytesFromHex(receiver), bytesFromHex(ephemeral), data)
  return crypto.verify(signature, digest, bytesFromHex(ephemeral)) ? decoded : failed('envelope-signature')
}

/**
 * Opens an envelope with its receiver's secret key and checks, in this order: lengths, signature, receiver
 * (`envelope-not-mine`), mac, version, padding, the signature inside. Returns the signed content.
 */
export const openEnvelope = (crypto: Crypto, bytes: Uint8Array, secretKey: Uint8Array): Result<Signed> => {
  const checked = checkEnvelope(crypto, bytes)
  if (!checked.ok) return checked
  const { receiver, ephemeral, mac, data } = checked.value
  const to = bytesFromHex(receiver)
  if (!equalBytes(to, crypto.publicKey(secretKey))) return failed('envelope-not-mine')
  const shared = crypto.ecdh(secretKey, bytesFromHex(ephemeral))
  if (shared === undefined) return failed('envelope-malformed', { reason: 'public key' })
  const { cipherKey, macKey } = deriveKeys(shared, to, bytesFromHex(ephemeral))
  if (!equalBytes(mac, hmac(sha256, macKey, bytes.subarray(macLength)))) return failed('envelope-mac')
  if (data[0] !== version) return failed('unsupported', { version: data[0] ?? 0 })
  const padded = xchacha20(cipherKey, data.subarray(1, headLength), data.subarray(headLength))
  const content = removePadding(padded)
  return content.ok ? openSigned(crypto, content.value) : content
}

/** The secret key of a named community (seed 003): who knows the name reads what is sent to it. */
export const communityKey = (name: string): Uint8Array => sha256(bytesFromUtf8(name))

const isCompressed = (first: number | undefined): boolean => first === 2 || first === 3

const deriveKeys = (shared: Uint8Array, receiver: Uint8Array, ephemeral: Uint8Array) => {
  const salt = sha256(concatBytes(bytesFromUtf8('paratii/envelope/1'), receiver, ephemeral))
  const keys = hkdf(sha256, shared, salt, undefined, 64)
  return { cipherKey: keys.subarray(0, 32), macKey: keys.subarray(32) }
}

const digestEnvelope = (receiver: Uint8Array, ephemeral: Uint8Array, data: Uint8Array): Uint8Array =>
  sha256(
    concatBytes(
      bytesFromUtf8('paratii/envelope-sig/1'),
      receiver,
      ephemeral,
      bytesFromUint32(data.length),
      data,
    ),
  )

/** Padmé (Nikitin et al., 2019): the length leaks O(log log) bits, and padding costs at most 12 %. */
const paddedLength = (length: number): number => {
  if (length <= minPaddedLength) return minPaddedLength
  const exponent = Math.floor(Math.log2(length))
  const unit = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1)
  return Math.ceil(length / unit) * unit
}

/** The signed content of a padded text: its own length says where it ends, all after it is zero, and no more. */
const removePadding = (padded: Uint8Array): Result<Uint8Array> => {
  const length = signedOverhead + uint32At(padded, signedOverhead - 4)
  const rest = padded.subarray(length)
  if (length > padded.length || paddedLength(length) !== padded.length || rest.some(byte => byte !== 0)) {
    return failed('envelope-malformed', { reason: 'padding' })
  }
  const content = padded.subarray(0, length)
  const decoded = decodeSigned(content)
  return decoded.ok ? ok(content) : decoded
}
