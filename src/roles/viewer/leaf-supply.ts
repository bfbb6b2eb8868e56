import type { Leaf } from '#media/dag.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import type { LeafCache } from './leaf-cache.ts'

/** Fetches leaves from some host, in order, until it is done, fails or is aborted. */
export type FetchRun = (
  leaves: readonly Leaf[],
  onLeaf: (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  signal: AbortSignal,
) => Promise<void>

/** Leaves of one request: 16 MiB, so that a seek or a failing host wastes little of a long file. */
const maxRunLeaves = 64
/** Leaves fetched ahead of the reader: 2 MiB. Further ahead TCP alone holds what the host has sent. */
const leavesAhead = 8

/** One request under way. */
type Run = {
  readonly positions: ReadonlyMap<number, number>
  readonly abort: AbortController
  /** Readers that wait for, or read from, this run; nobody left stops it. */
  readers: number
  /** The first position not yet wanted. */
  wantedUntil: number
  wake: (() => void) | undefined
  error: ParatiiError | undefined
}

/**
 * The leaves of one purchase as its readers want them: each is fetched once however many read it, a reader that
 * ends stops what only it wanted, and one that stands still stops its host by back pressure.
 */
export class LeafSupply {
  readonly #cache: LeafCache
  readonly #fetch: FetchRun
  readonly #runs = new Map<number, Run>()
  readonly #arrivals = new Set<() => void>()

  constructor(cache: LeafCache, fetch: FetchRun) {
    this.#cache = cache
    this.#fetch = fetch
  }

  /** Gives each leaf in order to `take`, which must copy what it needs at once. Throws when no host can send one. */
  async *read<T>(
    leaves: readonly Leaf[],
    take: (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => T,
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    const joined = new Set<Run>()
    try {
      for (const [at, leaf] of leaves.entries()) {
        let bytes = this.#cache.get(leaf.index)
        while (bytes === undefined) {
          signal.throwIfAborted()
          const run = this.#runs.get(leaf.index) ?? this.#start(leaves.slice(at, at + maxRunLeaves))
          if (!joined.has(run)) {
            joined.add(run)
            run.readers++
          }
          this.#want(run, leaf)
          await this.#arrival(run, leaf, signal)
          bytes = this.#cache.get(leaf.index)
          // A run that its last reader had left just before is no failure: another one is begun.
          if (bytes === undefined && run.error !== undefined && !run.abort.signal.aborted) throw run.error
        }
        const run = this.#runs.get(leaf.index)
        if (run !== undefined) this.#want(run, leaf)
        yield take(leaf, bytes)
      }
    } finally {
      for (const run of joined) if (--run.readers === 0) run.abort.abort(new ParatiiError('aborted'))
    }
  }

  /** Begins a request for the first leaf and those after it that nobody has or fetches. */
  #start(wanted: readonly Leaf[]): Run {
    const stop = wanted.findIndex(({ index }) => this.#cache.has(index) || this.#runs.has(index))
    const leaves = [...new Set(stop < 0 ? wanted : wanted.slice(0, stop))]
    const run: Run = {
      positions: new Map(leaves.map(({ index }, position) => [index, position])),
      abort: new AbortController(),
      readers: 0,
      wantedUntil: leavesAhead,
      wake: undefined,
      error: undefined,
    }
    for (const { index } of leaves) this.#runs.set(index, run)
    this.#pump(run, leaves).finally(() => {
      for (const { index } of leaves) if (this.#runs.get(index) === run) this.#runs.delete(index)
      this.#announce()
    })
    return run
  }

  async #pump(run: Run, leaves: readonly Leaf[]): Promise<void> {
    const { signal } = run.abort
    try {
      await this.#fetch(
        leaves,
        async (leaf, bytes) => {
          this.#cache.put(leaf.index, bytes)
          this.#runs.delete(leaf.index)
          this.#announce()
          const position = run.positions.get(leaf.index) ?? 0
          while (position + 1 >= run.wantedUntil && !signal.aborted) await untilWoken(run)
        },
        signal,
      )
    } catch (thrown) {
      run.error = errorFrom(thrown)
    }
  }

  #want(run: Run, leaf: Leaf): void {
    const position = run.positions.get(leaf.index)
    if (position === undefined) return
    run.wantedUntil = Math.max(run.wantedUntil, position + leavesAhead)
    run.wake?.()
  }

  /** Resolves when the leaf has arrived, its run has ended, or the reader gave up. */
  async #arrival(run: Run, leaf: Leaf, signal: AbortSignal): Promise<void> {
    while (!this.#cache.has(leaf.index) && this.#runs.get(leaf.index) === run && !signal.aborted) {
      await new Promise<void>(resolve => {
        const go = () => {
          this.#arrivals.delete(go)
          signal.removeEventListener('abort', go)
          resolve()
        }
        this.#arrivals.add(go)
        signal.addEventListener('abort', go)
      })
    }
  }

  #announce(): void {
    for (const go of [...this.#arrivals]) go()
  }
}

/** Resolves when a reader wants more, or the run is stopped. */
const untilWoken = (run: Run): Promise<void> =>
  new Promise(resolve => {
    const { signal } = run.abort
    const go = () => {
      signal.removeEventListener('abort', go)
      resolve()
    }
    run.wake = go
    signal.addEventListener('abort', go)
  })
