import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Hash } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'

/** keccak256 of bytes, as the chain computes it. */
export const keccak256 = (bytes: Uint8Array): Uint8Array => keccak_256(bytes)

export { sha256 }

/** 32 bytes as a {@link Hash}. Throws RangeError for any other length: that is a bug of the caller. */
export const hashFromBytes = (bytes: Uint8Array): Hash => {
  if (bytes.length !== 32) throw new RangeError('a hash has 32 bytes')
  return hexFromBytes(bytes) as Hash
}
