import { type BlockRequest, checkRequestTime } from '#protocol/block-request.ts'
import { maxClockSkewMs } from '#protocol/message.ts'
import type { PublicKey } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'

/** Requests remembered for all keys together: some 20 MB. Beyond it newcomers wait. */
const maxRemembered = 200_000
const sweepEveryMs = 30_000

/**
 * Serves each signed request once. A request is named by who signed it, its time and its counter; what is further
 * than 2 minutes from our clock is refused, so names are kept no longer. The memory does not outlive the process:
 * a request dated before it began could be an old one, and is refused too.
 */
export class RequestGuard {
  readonly #clock: Clock
  readonly #startedAtMs: number
  readonly #seen = new Map<string, number>()
  #sweptAtMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAtMs = clock.nowMs()
    this.#sweptAtMs = this.#startedAtMs
  }

  /** Throws `request-expired`, `request-replayed` or `rate-limited`; else the request counts as made. */
  admit(key: PublicKey, request: BlockRequest): void {
    const nowMs = this.#clock.nowMs()
    orThrow(checkRequestTime(request, nowMs))
    if (request.time < this.#startedAtMs)
      throw new ParatiiError('request-expired', { reason: 'before start' })
    const name = `${key}/${request.time}/${request.counter}`
    if (this.#seen.has(name)) throw new ParatiiError('request-replayed')
    this.#sweep(nowMs)
    if (this.#seen.size >= maxRemembered) throw new ParatiiError('rate-limited')
    this.#seen.set(name, request.time + maxClockSkewMs)
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < sweepEveryMs && this.#seen.size < maxRemembered) return
    this.#sweptAtMs = nowMs
    for (const [name, untilMs] of this.#seen) if (untilMs < nowMs) this.#seen.delete(name)
  }
}
