declare const brand: unique symbol

/** A type that only its own parser can make, so that two strings of different meaning never meet. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** `0x` and an even number of lowercase hex digits. All bytes in JSON documents are written so. */
export type Hex = `0x${string}`
/** 32 bytes as hex: hashes, words, salts. */
export type Hash = Brand<Hex, 'Hash'>
/** 20 bytes as lowercase hex (no EIP-55 capitals, so that equal strings are equal addresses). */
export type Address = Brand<Hex, 'Address'>
/** Compressed secp256k1 public key, 33 bytes as hex. */
export type PublicKey = Brand<Hex, 'PublicKey'>
/** 64 bytes as hex: `r ‖ s` (signed content) or EIP-2098 `r ‖ yParityAndS` (all else), always low-s. */
export type Signature = Brand<Hex, 'Signature'>
/** CIDv1 in base32, sha2-256, codec raw or dag-pb: 59 characters. */
export type Cid = Brand<string, 'Cid'>
/** Name of a video in the registry. */
export type VideoId = Brand<Hash, 'VideoId'>
/** Name of a purchase: the seed's `nonce`, and the key of its slot in VideoStore. */
export type PurchaseNonce = Brand<Hash, 'PurchaseNonce'>
/** 1 to 31 characters of `[a-z0-9-]`, such as `cmaf`. */
export type FormatName = Brand<string, 'FormatName'>
