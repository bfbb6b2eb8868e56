import type { PublicKey, Signature } from '#std/brand.ts'
import {
  bytesFromHex,
  bytesFromUint32,
  bytesFromUtf8,
  concatBytes,
  hexFromBytes,
  uint32At,
} from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { sha256 } from './hash.ts'
import { encodeJson, type Json } from './json.ts'
import { publicKeyFromBytes, recoverPublicKey, signCompact } from './signature.ts'

/** Signed content as it was parsed: nothing in it is checked but its lengths. */
export type Signed = {
  readonly publicKey: PublicKey
  readonly signature: Signature
  readonly data: Uint8Array
}

/** Bytes before the data: public key 33, signature 64, length 4. */
export const signedOverhead = 101

const magic = bytesFromUtf8('\x18Bitcoin Signed Message:\n')

/** The digest of a Bitcoin Signed Message: double sha256 of the magic, the length as a varint, the data. */
export const digestSigned = (data: Uint8Array): Uint8Array =>
  sha256(sha256(concatBytes(magic, encodeVarint(data.length), data)))

/** `[pubkey 33][sig 64][datalen u32][data]`, signed by the secret key. */
export const signContent = (
  crypto: Crypto,
  data: Uint8Array,
  secretKey: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  concatBytes(
    crypto.publicKey(secretKey),
    crypto.sign(digestSigned(data), secretKey).bytes,
    bytesFromUint32(data.length),
    data,
  )

/** Parses signed content; `signed-malformed` unless it ends exactly where its length says. */
export const decodeSigned = (bytes: Uint8Array): Result<Signed> => {
  if (bytes.length < signedOverhead || uint32At(bytes, 97) !== bytes.length - signedOverhead) {
    return failed('signed-malformed', { reason: 'length' })
  }
  if (bytes[0] !== 2 && bytes[0] !== 3) return failed('signed-malformed', { reason: 'public key' })
  return ok({
    publicKey: publicKeyFromBytes(bytes.subarray(0, 33)),
    signature: hexFromBytes(bytes.subarray(33, 97)) as Signature,
    data: bytes.subarray(signedOverhead),
  })
}

/** Parses signed content and checks its signature; `signed-invalid` if it is wrong. */
export const openSigned = (crypto: Crypto, bytes: Uint8Array): Result<Signed> => {
  const signed = decodeSigned(bytes)
  if (!signed.ok) return signed
  const valid = crypto.verify(bytes.subarray(33, 97), digestSigned(signed.value.data), bytes.subarray(0, 33))
  return valid ? signed : failed('signed-invalid')
}

/** A detached signature (plain `r ‖ s`) over a JSON document that names its `type` and its `to`. */
export const signText = (crypto: Crypto, document: Json, secretKey: Uint8Array): Signature =>
  hexFromBytes(crypto.sign(digestSigned(encodeJson(document)), secretKey).bytes) as Signature

/** Whether a detached signature over a JSON document is by this key. */
export const verifyText = (
  crypto: Crypto,
  document: Json,
  signature: Signature,
  publicKey: PublicKey,
): boolean =>
  crypto.verify(bytesFromHex(signature), digestSigned(encodeJson(document)), bytesFromHex(publicKey))

/** As {@link signText}, but EIP-2098, for where the reader must find out who signed. */
export const signRecoverableText = (crypto: Crypto, document: Json, secretKey: Uint8Array): Signature =>
  signCompact(crypto, digestSigned(encodeJson(document)), secretKey)

/** The key that made {@link signRecoverableText}; `undefined` if none could have. */
export const recoverText = (crypto: Crypto, document: Json, signature: Signature): PublicKey | undefined =>
  recoverPublicKey(crypto, digestSigned(encodeJson(document)), signature)

/** Bitcoin's CompactSize. */
const encodeVarint = (value: number): Uint8Array => {
  if (value < 0xfd) return Uint8Array.of(value)
  const bytes = new Uint8Array(value <= 0xffff ? 3 : 5)
  const view = new DataView(bytes.buffer)
  if (value <= 0xffff) {
    bytes[0] = 0xfd
    view.setUint16(1, value, true)
  } else {
    bytes[0] = 0xfe
    view.setUint32(1, value, true)
  }
  return bytes
}
