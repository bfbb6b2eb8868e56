import type { Leaf } from '#media/dag.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import type { LeafCache } from './leaf-cache.ts'

/** Fetches leaves from some host, in order, until it is done, fails or is aborted. */
export type FetchRun = (
  leaves: readonly Leaf[],
  onLeaf: (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => void,
  signal: AbortSignal,
) => Promise<void>

/**
 * Leaves of one request: 4 MiB. A request once made is read to its end, whatever its reader does: bytes that a
 * standing reader left in the network's buffers would use up the credit of all other reads of the purchase.
 */
const maxRunLeaves = 16
/** When so many leaves or fewer are on hand or on their way, the next request is made. */
const leavesAhead = 8

/** One request under way. */
type Run = {
  readonly abort: AbortController
  /** Readers that wanted it; when nobody is left it is stopped. */
  readers: number
  error: ParatiiError | undefined
}

/**
 * The leaves of one purchase as its readers want them: each is fetched once however many read it, a reader that
 * ends stops what only it wanted, and one that stands still asks for no more.
 */
export class LeafSupply {
  readonly #cache: LeafCache
  readonly #fetch: FetchRun
  readonly #runs = new Map<number, Run>()
  readonly #waiting = new Set<() => void>()

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
          this.#ask(leaves, at, joined)
          const run = this.#runs.get(leaf.index)
          await this.#arrival(leaf, run, signal)
          bytes = this.#cache.get(leaf.index)
          // A run that its last reader had left just before is no failure: another one is begun.
          if (bytes === undefined && run?.error !== undefined && !run.abort.signal.aborted) throw run.error
        }
        const taken = take(leaf, bytes)
        this.#ask(leaves, at + 1, joined)
        yield taken
      }
    } finally {
      for (const run of joined) if (--run.readers === 0) run.abort.abort(new ParatiiError('aborted'))
    }
  }

  /** Joins what is under way for the next leaves, and asks for the first that nobody has or fetches. */
  #ask(leaves: readonly Leaf[], from: number, joined: Set<Run>): void {
    for (let at = from; at < Math.min(from + leavesAhead, leaves.length); at++) {
      const index = leaves[at]?.index
      if (index === undefined || this.#cache.has(index)) continue
      const known = this.#runs.get(index)
      const run = known ?? this.#start(leaves.slice(at, at + maxRunLeaves))
      if (!joined.has(run)) {
        joined.add(run)
        run.readers++
      }
      if (known === undefined) return
    }
  }

  /** Begins a request for the first leaf and those after it that nobody has or fetches. */
  #start(wanted: readonly Leaf[]): Run {
    const stop = wanted.findIndex(({ index }) => this.#cache.has(index) || this.#runs.has(index))
    const leaves = [
      ...new Map((stop < 0 ? wanted : wanted.slice(0, stop)).map(leaf => [leaf.index, leaf])).values(),
    ]
    const run: Run = { abort: new AbortController(), readers: 0, error: undefined }
    for (const { index } of leaves) this.#runs.set(index, run)
    const take = (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => {
      this.#cache.put(leaf.index, bytes)
      this.#runs.delete(leaf.index)
      this.#announce()
    }
    this.#fetch(leaves, take, run.abort.signal)
      .catch(thrown => {
        run.error = errorFrom(thrown)
      })
      .finally(() => {
        for (const { index } of leaves) if (this.#runs.get(index) === run) this.#runs.delete(index)
        this.#announce()
      })
    return run
  }

  /** Resolves when the leaf has arrived, its run has ended, or the reader gave up. */
  async #arrival(leaf: Leaf, run: Run | undefined, signal: AbortSignal): Promise<void> {
    while (this.#runs.get(leaf.index) === run && run !== undefined && !signal.aborted) {
      await new Promise<void>(resolve => {
        const go = () => {
          this.#waiting.delete(go)
          signal.removeEventListener('abort', go)
          resolve()
        }
        this.#waiting.add(go)
        signal.addEventListener('abort', go)
      })
    }
  }

  #announce(): void {
    for (const go of [...this.#waiting]) go()
  }
}
