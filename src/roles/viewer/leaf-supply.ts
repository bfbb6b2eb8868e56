import type { Leaf } from '#media/dag.ts'
import type { BufferPool } from '#network/buffer-pool.ts'
import {
  isAwaited,
  type LeafEffect,
  type LeafEvent,
  nextLookMs,
  openLeafSchedule,
  stepLeafSchedule,
  windowLeaves,
} from '#payments/leaf-schedule.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { KeptLeaves } from './kept-leaves.ts'
import type { LeafCache } from './leaf-cache.ts'

/** A host as leaves are had from it. */
export type LeafSource = {
  /**
   * Asks for leaves and gives on each that is verified, in order; waits for what `onLeaf` returns. A request is read
   * to its end even when its reader stands still: bytes left in the network's buffers would use up the credit of all.
   */
  fetch(
    leaves: readonly Leaf[],
    onLeaf: (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
  /** A leaf of it came that was wanted of it. */
  note(leaf: Leaf): void
  /** The leaf was stored: its host is to be paid for it. */
  count(leaf: Leaf): void
  /** It failed; true when it is never to be asked again. */
  fail(error: ParatiiError): boolean
}

/** Bytes of a leaf from `from` to before `to`. */
export type LeafPart = { readonly leaf: Leaf; readonly from: number; readonly to: number }

export type LeafSupplyOptions = {
  readonly leaves: readonly Leaf[]
  readonly sources: readonly LeafSource[]
  readonly cache: LeafCache
  readonly kept: KeptLeaves
  readonly pool: BufferPool
  readonly clock: Clock
  /** Nothing is asked of a source before it resolves; what is here is given all the same. */
  readonly opened: Promise<void>
}

/** A reader that finds what it comes to next tells anew what it lacks after so many leaves. */
const leavesPerWant = 4

/**
 * The leaves of one purchase as its readers want them: from memory, else from the local store, else from the hosts
 * side by side, each fetched and paid once however many read it. A reader that ends stops what only it wanted, and
 * one that stands still asks for no more. Which host is asked for what is decided by the leaf schedule.
 */
export class LeafSupply {
  readonly #options: LeafSupplyOptions
  readonly #runs = new Map<
    number,
    { readonly host: number; readonly abort: AbortController; readonly ended: Promise<void> }
  >()
  /** Leaves being read from the store. */
  readonly #moving = new Set<number>()
  /** Leaves on their way to the store: counted for their host once they are there. */
  readonly #storing = new Set<Promise<void>>()
  /** What readers wait on together. */
  #change = Promise.withResolvers<void>()
  /** Why readers that were given up get no more. */
  readonly #failed = new Map<number, ParatiiError>()
  #schedule
  #lastReader = 0
  #lastError = new ParatiiError('no-hosts')
  readonly #closing = new AbortController()
  #isOpen = false
  /** When time alone is looked at next. */
  #lookMs = Number.POSITIVE_INFINITY

  constructor(options: LeafSupplyOptions) {
    this.#options = options
    this.#schedule = openLeafSchedule(options.sources.length)
    options.opened.then(
      () => {
        this.#isOpen = true
        this.#announce()
      },
      () => {},
    )
  }

  /** Gives the parts of leaves in order, each in memory that is the caller's own. Throws when no host can send one. */
  async *read(parts: readonly LeafPart[], signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { cache, kept } = this.#options
    const leaves = parts.map(part => part.leaf)
    const reader = ++this.#lastReader
    const wake = () => this.#announce()
    signal.addEventListener('abort', wake)
    try {
      for (const [at, part] of parts.entries()) {
        const { leaf } = part
        let bytes = cache.get(leaf.index)
        // Once wanted it stays so until it comes; what somebody else was moving then may not come of that.
        let isWanted = false
        while (bytes === undefined) {
          signal.throwIfAborted()
          if (this.#closing.signal.aborted) throw new ParatiiError('aborted')
          if (!isWanted) this.#want(reader, leaves, at)
          isWanted ||= this.#isOpen && !this.#moving.has(leaf.index)
          const failure = this.#failed.get(reader)
          if (failure !== undefined) throw failure
          if (this.#moving.has(leaf.index) || !kept.has(leaf.index)) await this.#change.promise
          else {
            await this.#restore(leaf)
            isWanted = false
          }
          bytes = cache.get(leaf.index)
        }
        const piece = this.#handOut(part, bytes)
        const isNextThere = cache.has(leaves[at + 1]?.index ?? -1)
        if (at % leavesPerWant === 0 || !isNextThere) this.#want(reader, leaves, at + 1)
        yield piece
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#failed.delete(reader)
      this.#step({ type: 'leave', reader })
    }
  }

  /** A whole leaf that the store has goes out in the very memory into which it came; of any other, a copy. */
  #handOut({ leaf, from, to }: LeafPart, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const { cache, kept, pool } = this.#options
    if (from === 0 && to === leaf.size && kept.has(leaf.index)) {
      cache.release(leaf.index)
      return bytes
    }
    const copy = new Uint8Array(pool.take(), 0, to - from)
    copy.set(bytes.subarray(from, to))
    return copy
  }

  /** Keeps a leaf that came for free; `count` is called once it is stored. */
  keep(leaf: Leaf, bytes: Uint8Array<ArrayBuffer>, count: () => void): void {
    this.#store(leaf, bytes, count)
    this.#announce()
  }

  /** Resolves when what came so far is stored and counted. */
  async settle(): Promise<void> {
    await Promise.all(this.#storing)
  }

  /** Ends all that is under way; readers are told `aborted`. What had arrived whole is counted when this resolves. */
  async close(): Promise<void> {
    this.#closing.abort()
    const ending = [...this.#runs.values()].map(run => {
      run.abort.abort(new ParatiiError('aborted'))
      return run.ended
    })
    this.#announce()
    await Promise.all(ending)
    await this.settle()
  }

  #want(reader: number, leaves: readonly Leaf[], from: number): void {
    if (!this.#isOpen || this.#failed.has(reader)) return
    const missing = leaves.slice(from, from + windowLeaves).flatMap(({ index, size }, ahead) => {
      const { cache, kept } = this.#options
      const isThere = cache.has(index) || kept.has(index) || this.#moving.has(index)
      return isThere ? [] : [{ index, bytes: size, ahead }]
    })
    this.#step({ type: 'want', reader, leaves: missing })
  }

  #step(event: LeafEvent): void {
    if (this.#closing.signal.aborted) return
    const nowMs = this.#options.clock.nowMs()
    const { schedule, effects } = stepLeafSchedule(this.#schedule, event, nowMs)
    this.#schedule = schedule
    for (const effect of effects) this.#perform(effect)
    // What came makes nothing late; the look that is set is early then, which does no harm.
    if (event.type !== 'arrived') this.#lookLater(nowMs)
  }

  #perform(effect: LeafEffect): void {
    if (effect.type === 'fetch') {
      const abort = new AbortController()
      const ended = this.#run(effect.run, effect.host, effect.leaves, abort)
      // It waits for its host before anything of it can end.
      this.#runs.set(effect.run, { host: effect.host, abort, ended })
    } else if (effect.type === 'cancel') {
      const run = this.#runs.get(effect.run)
      if (effect.isLate && run !== undefined)
        this.#options.sources[run.host]?.fail(new ParatiiError('timed-out'))
      run?.abort.abort(new ParatiiError('aborted'))
    } else {
      for (const reader of effect.readers) this.#failed.set(reader, this.#lastError)
      this.#lastError = new ParatiiError('no-hosts')
      this.#announce()
    }
  }

  async #run(run: number, host: number, indices: readonly number[], abort: AbortController): Promise<void> {
    const source = this.#options.sources[host]
    const leaves = indices.flatMap(index => this.#options.leaves[index] ?? [])
    let failure: 'passing' | 'final' | undefined
    try {
      await source?.fetch(leaves, (leaf, bytes) => this.#arrive(run, source, leaf, bytes), abort.signal)
    } catch (thrown) {
      if (!abort.signal.aborted) {
        this.#lastError = errorFrom(thrown, 'host-unreachable')
        failure = source?.fail(this.#lastError) === true ? 'final' : 'passing'
      }
    }
    this.#runs.delete(run)
    this.#step({ type: 'ended', run, failure })
    this.#announce()
  }

  /** What is no longer this run's to bring is let go, and not paid. Its readers need not wait until it is stored. */
  async #arrive(run: number, source: LeafSource, leaf: Leaf, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!isAwaited(this.#schedule, run, leaf.index)) return this.#options.pool.give(bytes.buffer)
    source.note(leaf)
    this.#store(leaf, bytes, () => source.count(leaf))
    this.#step({ type: 'arrived', run, index: leaf.index })
    this.#announce()
  }

  #store(leaf: Leaf, bytes: Uint8Array<ArrayBuffer>, count: () => void): void {
    const { kept, cache } = this.#options
    const counted = kept.put(leaf, bytes).then(() => {
      this.#storing.delete(counted)
      count()
    })
    this.#storing.add(counted)
    cache.put(leaf.index, bytes)
  }

  /** Takes a kept leaf into memory; one that the store gave up is then missing, and fetched. */
  async #restore(leaf: Leaf): Promise<void> {
    const { kept, cache, pool } = this.#options
    this.#moving.add(leaf.index)
    const buffer = pool.take()
    const bytes = await kept.get(leaf, buffer)
    this.#moving.delete(leaf.index)
    if (bytes === undefined) pool.give(buffer)
    else cache.put(leaf.index, bytes)
    this.#announce()
  }

  /** Time alone can change what is to be done: a host has rested, or is late. A look too early does no harm. */
  #lookLater(nowMs: number): void {
    const lookMs = nextLookMs(this.#schedule, nowMs)
    if (lookMs === undefined || lookMs >= this.#lookMs) return
    this.#lookMs = lookMs
    this.#options.clock.sleep(lookMs - nowMs, this.#closing.signal).then(
      () => {
        if (this.#lookMs === lookMs) this.#lookMs = Number.POSITIVE_INFINITY
        this.#step({ type: 'tick' })
      },
      () => {},
    )
  }

  /** Anything changed: whoever waits looks again. */
  #announce(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers<void>()
    resolve()
  }
}
