/** `r ‖ s`, 64 bytes, s at most half the group order; `recovery` is the parity of R's y. */
export type EcdsaSignature = { readonly bytes: Uint8Array; readonly recovery: 0 | 1 }

/**
 * secp256k1. Synchronous: a native verification takes 50 µs, less than a promise's way through the event loop
 * costs a busy host, and pure code can call it. Digests are 32 bytes and never hashed again. Public keys are 33
 * bytes compressed. Functions that take what a peer sent answer `false` or `undefined` for bad input and never
 * throw; functions that take our own secret key throw RangeError if it is not one.
 */
export interface Crypto {
  publicKey(secretKey: Uint8Array): Uint8Array
  /** Deterministic (RFC 6979). */
  sign(digest: Uint8Array, secretKey: Uint8Array): EcdsaSignature
  /** False also for high s, zero or over-order scalars and points off the curve. */
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  /** The public key that signed; `undefined` where {@link Crypto.verify} would be false for every key. */
  recover(signature: Uint8Array, recovery: 0 | 1, digest: Uint8Array): Uint8Array | undefined
  /** x coordinate of the shared point, 32 bytes. */
  ecdh(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined
  /** `04 ‖ x ‖ y`, 65 bytes: what an Ethereum address is the hash of. */
  uncompress(publicKey: Uint8Array): Uint8Array | undefined
}
