import { emptyLeaf, type MediaDirectory } from '#media/dag.ts'
import { headLeaves } from '#media/head.ts'
import { digestFromCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Clock } from '#std/ports/clock.ts'
import { type DirectoryShelf, leavesOf } from './directory-shelf.ts'
import type { RateBound } from './rate-bound.ts'

export type FreeBlocksOptions = {
  readonly blocks: Blocks
  readonly shelf: DirectoryShelf
  readonly rates: RateBound
  readonly clock: Clock
  /** Roots of the directories that are kept. */
  roots(): Promise<Iterable<Cid>>
  /** Whether a directory is sold for nothing now, to its owner and to hosts: then all of it may be had by everybody. */
  isFree(root: Cid, signal: AbortSignal): Promise<boolean>
}

/** What everybody may have for nothing, the free head too: 4 MB/s for a network, 40 MB/s in all. */
export const freeRates = {
  each: { bytesPerSecond: 4e6, burstBytes: 64e6 },
  all: { bytesPerSecond: 40e6, burstBytes: 256e6 },
}
const listEveryMs = 1_000
/** How long the chain's word on a price is believed without asking again. */
const priceWordMs = 60_000
/** Longest that a reader above its rate is kept waiting for one block. */
const mostWaitMs = 20_000

/**
 * Blocks that everybody may have: the inner nodes and free leaves of every kept directory, and all of a directory that
 * costs nothing. Within the same rates as the free head: a network that asks for more is slowed down.
 */
export class FreeBlocks {
  readonly #options: FreeBlocksOptions
  readonly #index = new Map<Cid, BigUint64Array>()
  readonly #prices = new Map<Cid, { readonly isFree: boolean; readonly untilMs: number }>()
  #listing: Promise<void> | undefined
  #listedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: FreeBlocksOptions) {
    this.#options = options
  }

  /**
   * Throws `payment-required` for a block of what is sold, `not-replicated` for one of nothing that is kept. `within`: a
   * root below which it is, if that is known.
   */
  async check(cid: Cid, within: Cid | undefined, signal: AbortSignal): Promise<void> {
    if (cid === emptyLeaf) return
    await this.#list()
    let isSold = false
    for (const root of this.#candidates(cid, within)) {
      const directory = await this.#options.shelf.directory(root)
      if (freeOf(directory).has(cid)) return
      if (!leavesOf(directory).has(cid)) continue
      if (await this.#isFree(root, signal)) return
      isSold = true
    }
    throw isSold ? new ParatiiError('payment-required', { cid }) : new ParatiiError('not-replicated', { cid })
  }

  /** The bytes of a block that was checked; `rate-limited` where its asker has had too much. */
  async read(cid: Cid, peer: string, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = cid === emptyLeaf ? new Uint8Array() : await this.#options.blocks.get(cid)
    if (bytes === undefined) throw new ParatiiError('block-absent', { cid })
    await this.#spend(peer, bytes.length, signal)
    return bytes
  }

  async #spend(peer: string, byteCount: number, signal: AbortSignal): Promise<void> {
    const { rates, clock } = this.#options
    const untilMs = clock.nowMs() + mostWaitMs
    while (!rates.take(peer, byteCount)) {
      const delayMs = rates.delayMs(peer, byteCount)
      if (clock.nowMs() + delayMs > untilMs) throw new ParatiiError('rate-limited')
      await clock.sleep(delayMs, signal)
    }
  }

  async #isFree(root: Cid, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options
    const known = this.#prices.get(root)
    if (known !== undefined && clock.nowMs() < known.untilMs) return known.isFree
    const isFree = await this.#options.isFree(root, signal)
    this.#prices.set(root, { isFree, untilMs: clock.nowMs() + priceWordMs })
    return isFree
  }

  /** Roots of directories that may have a block: by the beginning of its digest, so that thousands of films fit in memory. */
  *#candidates(cid: Cid, within: Cid | undefined): Generator<Cid> {
    if (within !== undefined && this.#index.has(within)) yield within
    const start = startOf(cid)
    for (const [root, starts] of this.#index) if (root !== within && includes(starts, start)) yield root
  }

  /** Brings the index up to what is kept now. */
  #list(): Promise<void> {
    const { clock } = this.#options
    if (this.#listing === undefined && clock.nowMs() - this.#listedAtMs < listEveryMs)
      return Promise.resolve()
    this.#listing ??= this.#readList().finally(() => {
      this.#listedAtMs = clock.nowMs()
      this.#listing = undefined
    })
    return this.#listing
  }

  async #readList(): Promise<void> {
    const { roots, shelf } = this.#options
    const kept = new Set(await roots())
    for (const root of this.#index.keys()) if (!kept.has(root)) this.#index.delete(root)
    for (const root of kept) {
      if (this.#index.has(root)) continue
      // One that cannot be read hides no other; who asks for it by its root is told why.
      const directory = await shelf.directory(root).catch(() => undefined)
      this.#index.set(root, directory === undefined ? BigUint64Array.of(startOf(root)) : startsOf(directory))
    }
  }
}

const free = new WeakMap<MediaDirectory, ReadonlySet<Cid>>()

const freeOf = (directory: MediaDirectory): ReadonlySet<Cid> => {
  const known =
    free.get(directory) ?? new Set([...directory.nodes, ...headLeaves(directory).map(leaf => leaf.cid)])
  free.set(directory, known)
  return known
}

const startOf = (cid: Cid): bigint => {
  const digest = digestFromCid(cid)
  return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
}

const startsOf = ({ nodes, leaves }: MediaDirectory): BigUint64Array =>
  BigUint64Array.from([...nodes, ...leaves.map(leaf => leaf.cid)], startOf).sort()

const includes = (sorted: BigUint64Array, wanted: bigint): boolean => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0n) < wanted) low = middle + 1
    else high = middle
  }
  return sorted[low] === wanted
}
