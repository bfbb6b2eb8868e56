import type { Clock } from '#std/ports/clock.ts'

/** The longest time that setTimeout can wait; asked for more it does not wait at all. */
const longestTimeoutMs = 2 ** 31 - 1

/** The machine's own clock. */
export const clockSystem: Clock = {
  nowMs: () => Date.now(),
  async sleep(durationMs, signal) {
    for (let leftMs = durationMs; leftMs > longestTimeoutMs; leftMs -= longestTimeoutMs) {
      await wait(longestTimeoutMs, signal)
    }
    await wait(durationMs % longestTimeoutMs, signal)
  },
}

const wait = (durationMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, durationMs)
    signal?.addEventListener('abort', stop, { once: true })
  })
