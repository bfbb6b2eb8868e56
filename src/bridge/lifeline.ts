/**
 * How two contexts of the extension learn of each other's end. A port does not tell when the worker or page behind it
 * is destroyed, but the browser releases whatever locks it held: each holds one as long as it lives, and the other
 * waits for it.
 */
export interface Lifelines {
  /** The name of this context's own lock, held until the context ends. */
  hold(): Promise<string>
  /** Resolves when the context that holds this lock has ended; rejects when no longer of interest. */
  ended(name: string, signal: AbortSignal): Promise<void>
}

/** Lifelines by the Web Locks of this origin. */
export function createLockLifelines(): Lifelines {
  let held: Promise<string> | undefined
  const hold = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const name = `paratii-life-${crypto.randomUUID()}`
      const forever = new Promise<never>(() => undefined)
      navigator.locks
        .request(name, () => {
          resolve(name)
          return forever
        })
        .catch(reject)
    })
  return {
    hold() {
      held ??= hold()
      return held
    },
    async ended(name, signal) {
      await navigator.locks.request(name, { signal }, () => undefined)
    },
  }
}
