import { errorFrom, type ParatiiError } from '#std/error.ts'

/** What must be closed, and how long it may take. */
type Closer = { readonly name: string; readonly close: () => Promise<void> | void }

export type ShutdownOptions = {
  /** Longest that one closer may take. Settling a batch on a chain takes seconds. Default 30 s. */
  readonly closeWithinMs?: number
  /** Told what could not be closed. */
  readonly onError?: (name: string, error: ParatiiError) => void
  /** What a second signal does, for people who cannot wait. Default: leave at once with 130. */
  readonly leave?: () => void
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const

/**
 * The orderly end of a program: the first SIGINT or SIGTERM aborts {@link Shutdown.signal}; whoever runs then calls
 * {@link Shutdown.close}, which closes what was opened, the newest first, one after the other.
 */
export class Shutdown {
  readonly #stop = new AbortController()
  readonly #closers: Closer[] = []
  readonly #options: ShutdownOptions
  readonly #onSignal = () => {
    if (!this.#stop.signal.aborted) return this.#stop.abort()
    if (this.#options.leave) return this.#options.leave()
    process.exit(130)
  }

  constructor(options: ShutdownOptions = {}) {
    this.#options = options
    for (const name of stopSignals) process.on(name, this.#onSignal)
  }

  /** Aborted when the program is to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Asks for the end from inside, as a signal would from outside. */
  request(): void {
    this.#stop.abort()
  }

  /** Remembers to close something, before all that was added earlier. */
  add(name: string, close: () => Promise<void> | void): void {
    this.#closers.push({ name, close })
  }

  /** Resolves when the program is to stop. */
  async requested(): Promise<void> {
    if (this.signal.aborted) return
    await new Promise<void>(resolve => this.signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  /** Closes everything, whatever fails on the way. False if something failed or took too long. */
  async close(): Promise<boolean> {
    this.#stop.abort()
    let isClean = true
    for (const { name, close } of this.#closers.splice(0).reverse()) {
      try {
        await withinTime(Promise.resolve().then(close), this.#options.closeWithinMs ?? 30_000)
      } catch (thrown) {
        isClean = false
        this.#options.onError?.(name, errorFrom(thrown))
      }
    }
    for (const name of stopSignals) process.off(name, this.#onSignal)
    return isClean
  }
}

const withinTime = async (work: Promise<void>, ms: number): Promise<void> => {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(() => late.reject(new Error(`not closed within ${ms} ms`)), ms)
  try {
    await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
