import type { Leaf } from '#media/dag.ts'
import type { Blocks } from '#std/ports/blocks.ts'

/** Which leaves of one directory the local store has: what is there is neither fetched nor paid for again. */
export class KeptLeaves {
  readonly #blocks: Blocks
  readonly #indices: Set<number>

  private constructor(blocks: Blocks, indices: Set<number>) {
    this.#blocks = blocks
    this.#indices = indices
  }

  /** Looks up what an earlier run, or another purchase of the same bytes, left there. */
  static async open(blocks: Blocks, leaves: readonly Leaf[]): Promise<KeptLeaves> {
    const indices = new Set<number>()
    for (const { cid, index } of leaves) if (await blocks.has(cid)) indices.add(index)
    return new KeptLeaves(blocks, indices)
  }

  has(index: number): boolean {
    return this.#indices.has(index)
  }

  /** A kept leaf, in the memory given; undefined, and kept no more, if the store gave it up. */
  async get({ cid, index, size }: Leaf, into: ArrayBuffer): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await this.#blocks.get(cid, new Uint8Array(into)).catch(() => undefined)
    if (bytes?.length !== size) {
      this.#indices.delete(index)
      return undefined
    }
    const leaf = new Uint8Array(into, 0, size)
    if (bytes.buffer !== into) leaf.set(bytes)
    return leaf
  }

  /**
   * Keeps a verified leaf, whose memory is the caller's again when this returns; resolves when it is stored. A store that
   * takes no more only costs a fetch later.
   */
  async put({ cid, index }: Leaf, bytes: Uint8Array): Promise<void> {
    this.#indices.add(index)
    await this.#blocks.put(cid, bytes).catch(() => this.#indices.delete(index))
  }
}
