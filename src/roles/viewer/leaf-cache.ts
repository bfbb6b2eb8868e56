import type { BufferPool } from '#network/buffer-pool.ts'

/** Verified leaves of one purchase by index, the least recently used given up first. */
export class LeafCache {
  readonly #maxBytes: number
  readonly #pool: BufferPool
  readonly #leaves = new Map<number, Uint8Array<ArrayBuffer>>()
  #bytes = 0

  /** The cache owns what is put; what it gives up returns to the pool. */
  constructor(maxBytes: number, pool: BufferPool) {
    this.#maxBytes = maxBytes
    this.#pool = pool
  }

  /** A leaf, good until the next `put`: copy it before anything is awaited. */
  get(index: number): Uint8Array<ArrayBuffer> | undefined {
    const leaf = this.#leaves.get(index)
    if (leaf !== undefined) {
      this.#leaves.delete(index)
      this.#leaves.set(index, leaf)
    }
    return leaf
  }

  has(index: number): boolean {
    return this.#leaves.has(index)
  }

  put(index: number, leaf: Uint8Array<ArrayBuffer>): void {
    this.#drop(index)
    this.#leaves.set(index, leaf)
    this.#bytes += leaf.buffer.byteLength
    for (const oldest of this.#leaves.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === index) break
      this.#drop(oldest)
    }
  }

  /** Gives a leaf up to who has it: its memory is no longer the cache's. */
  release(index: number): void {
    const leaf = this.#leaves.get(index)
    if (leaf === undefined) return
    this.#leaves.delete(index)
    this.#bytes -= leaf.buffer.byteLength
  }

  clear(): void {
    for (const index of [...this.#leaves.keys()]) this.#drop(index)
  }

  #drop(index: number): void {
    const leaf = this.#leaves.get(index)
    this.release(index)
    if (leaf !== undefined) this.#pool.give(leaf.buffer)
  }
}
