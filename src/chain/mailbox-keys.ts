import { addressOf } from '#protocol/signature.ts'
import type { PublicKey } from '#std/brand.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { ChainReader } from './reader.ts'

/** How long an answer of the chain is believed: about a block. */
const freshMs = 12_000
const maxKept = 10_000

/**
 * Whether a key was revoked by the account that it is of. Asked when a message is received: what came before the
 * revocation's block was taken then. Throws `chain-unreachable`, so that nothing is taken unasked.
 */
export const revocationsOf = (
  reader: ChainReader,
  crypto: Crypto,
  clock: Clock,
): ((sender: PublicKey, signal: AbortSignal) => Promise<boolean>) => {
  const kept = new Map<PublicKey, { readonly atMs: number; readonly isRevoked: boolean }>()
  return async (sender, signal) => {
    const known = kept.get(sender)
    // Nobody takes a revocation back.
    if (known !== undefined && (known.isRevoked || clock.nowMs() - known.atMs < freshMs))
      return known.isRevoked
    const user = addressOf(crypto, sender)
    const isRevoked = user !== undefined && (await reader.revokedFrom(user, sender, signal)) !== undefined
    kept.delete(sender)
    kept.set(sender, { atMs: clock.nowMs(), isRevoked })
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break
      kept.delete(oldest)
    }
    return isRevoked
  }
}
