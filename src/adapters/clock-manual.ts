import type { Clock } from '#std/ports/clock.ts'

/** A clock that stands still until it is moved. */
export type ManualClock = Clock & {
  /** Moves time on and wakes, in the order of their times, the sleepers whose time has come. */
  advance(durationMs: number): void
}

type Sleeper = { readonly atMs: number; readonly wake: () => void }

/** For tests and simulations: time passes when they say so. */
export const createManualClock = (startMs: number): ManualClock => {
  let nowMs = startMs
  const sleepers = new Set<Sleeper>()
  return {
    nowMs: () => nowMs,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const stop = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const wake = () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        }
        const sleeper: Sleeper = { atMs: nowMs + durationMs, wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', stop, { once: true })
      }),
    advance(durationMs) {
      nowMs += durationMs
      const due = [...sleepers].filter(sleeper => sleeper.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs)
      for (const sleeper of due) {
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
  }
}
