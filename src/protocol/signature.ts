import type { Address, Hex, PublicKey, Signature } from '#std/brand.ts'
import { bytesFromHex, concatBytes, hexFromBytes } from '#std/bytes.ts'
import type { Crypto, EcdsaSignature } from '#std/ports/crypto.ts'
import { keccak256 } from './hash.ts'

/** EIP-2098: `r ‖ yParity << 255 | s`, 64 bytes. */
export const compactSignature = (signature: EcdsaSignature): Signature => {
  const bytes = Uint8Array.from(signature.bytes)
  if (signature.recovery === 1) bytes[32] = (bytes[32] ?? 0) | 0x80
  return hexFromBytes(bytes) as Signature
}

/** `r ‖ s ‖ v`, 65 bytes with v 27 or 28: what `personal_sign` and `eth_signTypedData_v4` answer. */
export const compactToLong = ({ bytes, recovery }: EcdsaSignature): Hex =>
  hexFromBytes(concatBytes(bytes, Uint8Array.of(27 + recovery)))

/** Signs a 32-byte digest; EIP-2098 compact. */
export const signCompact = (crypto: Crypto, digest: Uint8Array, secretKey: Uint8Array): Signature =>
  compactSignature(crypto.sign(digest, secretKey))

/** The compressed public key that made an EIP-2098 signature over a digest; `undefined` if none could have. */
export const recoverPublicKey = (
  crypto: Crypto,
  digest: Uint8Array,
  signature: Signature,
): PublicKey | undefined => {
  const bytes = bytesFromHex(signature)
  const top = bytes[32] ?? 0
  bytes[32] = top & 0x7f
  const key = crypto.recover(bytes, top >> 7 === 1 ? 1 : 0, digest)
  return key === undefined ? undefined : publicKeyFromBytes(key)
}

/** The address that made an EIP-2098 signature over a digest; `undefined` if none could have. */
export const recoverAddress = (
  crypto: Crypto,
  digest: Uint8Array,
  signature: Signature,
): Address | undefined => {
  const key = recoverPublicKey(crypto, digest, signature)
  return key === undefined ? undefined : addressOf(crypto, key)
}

/** The Ethereum address of a public key; `undefined` if the key is no point of the curve. */
export const addressOf = (crypto: Crypto, publicKey: PublicKey): Address | undefined => {
  const point = crypto.uncompress(bytesFromHex(publicKey))
  return point === undefined
    ? undefined
    : (hexFromBytes(keccak256(point.subarray(1)).subarray(12)) as Address)
}

/** 33 bytes as a {@link PublicKey}. Throws RangeError for any other length: that is a bug of the caller. */
export const publicKeyFromBytes = (bytes: Uint8Array): PublicKey => {
  if (bytes.length !== 33) throw new RangeError('a public key has 33 bytes')
  return hexFromBytes(bytes) as PublicKey
}

/** The public key of a secret key, in both its forms. */
export const identityOf = (
  crypto: Crypto,
  secretKey: Uint8Array,
): { publicKey: PublicKey; address: Address } => {
  const publicKey = publicKeyFromBytes(crypto.publicKey(secretKey))
  const address = addressOf(crypto, publicKey)
  if (address === undefined) throw new RangeError('not a secret key')
  return { publicKey, address }
}
