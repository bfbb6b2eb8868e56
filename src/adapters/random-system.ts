import type { Random } from '#std/ports/random.ts'

/** What one call of getRandomValues may fill. */
const quotaBytes = 65_536

/** The platform's generator (Web Crypto: browsers and Node). */
export const randomSystem: Random = {
  bytes(length) {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += quotaBytes)
      globalThis.crypto.getRandomValues(bytes.subarray(at, at + quotaBytes))
    return bytes
  },
}
