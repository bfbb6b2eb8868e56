import { digestFromCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { equalBytes } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/** SHA-256 of bytes; outside of tests that is `crypto.subtle.digest`, ten times as fast as JavaScript. */
export type Sha256 = (bytes: Uint8Array) => Promise<Uint8Array | ArrayBuffer> | Uint8Array | ArrayBuffer

/**
 * Whether these bytes are the block of that name. Fails with `block-mismatch` otherwise.
 * `size`, when the directory already says it, is compared first, so that wrong lengths cost no hash.
 */
export const checkBlock = async (
  cid: Cid,
  bytes: Uint8Array,
  sha256: Sha256,
  size: number = bytes.length,
): Promise<Result<Uint8Array>> => {
  if (bytes.length !== size) return failed('block-mismatch', { cid, bytes: bytes.length, expected: size })
  const digest = new Uint8Array(await sha256(bytes))
  if (!equalBytes(digest, digestFromCid(cid))) return failed('block-mismatch', { cid })
  return ok(bytes)
}
