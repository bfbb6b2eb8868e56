import type { Clock } from '#std/ports/clock.ts'

/** How much a key may take: at once after a rest, and a second on the long run. */
export type BucketRate = { readonly burst: number; readonly perSecond: number }

const maxKeys = 10_000

/** One token bucket for each key (a peer, a topic), the keys used longest ago forgotten first. */
export class TokenBuckets {
  readonly #clock: Clock
  readonly #rate: BucketRate
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(clock: Clock, rate: BucketRate) {
    this.#clock = clock
    this.#rate = rate
  }

  /** Takes tokens from the bucket of a key; false, and nothing taken, if it has too few. */
  take(key: string, tokens: number): boolean {
    const { burst, perSecond } = this.#rate
    const nowMs = this.#clock.nowMs()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond)
    bucket.atMs = nowMs
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= maxKeys) break
      this.#buckets.delete(oldest)
    }
    if (bucket.tokens < tokens) return false
    bucket.tokens -= tokens
    return true
  }
}
