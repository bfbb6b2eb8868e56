import type { Clock } from '#std/ports/clock.ts'

/** Junk that a peer may send before it is shut out. */
const banAt = 10
/** After so long half of what a peer did is forgiven. */
const halfLifeMs = 600_000
const maxPeers = 10_000

/**
 * What peers sent that they could have checked themselves: frames, lengths, an envelope's own signature. What only the
 * receiver can see costs no relay anything.
 */
export class PeerScores {
  readonly #clock: Clock
  readonly #junk = new Map<string, { count: number; atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes one piece of junk from a peer. */
  punish(peer: string): void {
    const count = this.#countOf(peer) + 1
    this.#junk.delete(peer)
    this.#junk.set(peer, { count, atMs: this.#clock.nowMs() })
    for (const oldest of this.#junk.keys()) {
      if (this.#junk.size <= maxPeers) break
      this.#junk.delete(oldest)
    }
  }

  /** 0 for a peer that never sent junk, falling from there; gossipsub shuts a peer out below -80. */
  score(peer: string): number {
    return -8.1 * this.#countOf(peer)
  }

  isBanned(peer: string): boolean {
    return this.#countOf(peer) >= banAt
  }

  #countOf(peer: string): number {
    const junk = this.#junk.get(peer)
    return junk === undefined ? 0 : junk.count * 2 ** ((junk.atMs - this.#clock.nowMs()) / halfLifeMs)
  }
}
