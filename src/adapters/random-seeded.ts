import { sha256 } from '@noble/hashes/sha2.js'
import { bytesFromUint32, bytesFromUtf8, concatBytes } from '#std/bytes.ts'
import type { Random } from '#std/ports/random.ts'

/** The same bytes for the same seed: for tests that must be repeatable, never for keys. */
export const createSeededRandom = (seed: string): Random => {
  let counter = 0
  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        const block = sha256(concatBytes(bytesFromUtf8(seed), bytesFromUint32(counter++)))
        bytes.set(block.subarray(0, length - at), at)
      }
      return bytes
    },
  }
}
