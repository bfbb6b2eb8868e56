import { type Leaf, type MediaDirectory, walkDirectory } from '#media/dag.ts'
import { encodeHead } from '#media/head-car.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'

/** Heads kept ready in memory; a head is 0.5 to 3 MB. */
const maxHeads = 16
/** Directories kept read; one of two hours is some 8 MB. */
const maxDirectories = 64

/** Published directories of a block store: their outline, and the free head that everybody may have. */
export class DirectoryShelf {
  readonly #blocks: Blocks
  readonly #directories = new Map<Cid, Promise<MediaDirectory>>()
  readonly #heads = new Map<Cid, Promise<Uint8Array>>()

  constructor(blocks: Blocks) {
    this.#blocks = blocks
  }

  /** The directory under a root; `block-absent` when the store lacks an inner node of it. */
  directory(root: Cid): Promise<MediaDirectory> {
    return keep(this.#directories, maxDirectories, root, async () =>
      orThrow(await walkDirectory(root, cid => this.#blocks.get(cid))),
    )
  }

  /** The head of a directory as a CAR; `block-absent` when the store lacks a part of it. */
  head(root: Cid): Promise<Uint8Array> {
    return keep(this.#heads, maxHeads, root, async () =>
      orThrow(await encodeHead(await this.directory(root), cid => this.#blocks.get(cid))),
    )
  }
}

const leaves = new WeakMap<MediaDirectory, ReadonlyMap<Cid, Leaf>>()

/** The leaves of a directory by their CIDs; made once, however many purchases of it are served. */
export const leavesOf = (directory: MediaDirectory): ReadonlyMap<Cid, Leaf> => {
  const known = leaves.get(directory) ?? new Map(directory.leaves.map(leaf => [leaf.cid, leaf]))
  leaves.set(directory, known)
  return known
}

/** The entry of a map that keeps the most recently used; a failed one is not kept. */
const keep = <T>(map: Map<Cid, Promise<T>>, max: number, key: Cid, make: () => Promise<T>): Promise<T> => {
  const entry = map.get(key) ?? make()
  map.delete(key)
  map.set(key, entry)
  entry.catch(() => {
    if (map.get(key) === entry) map.delete(key)
  })
  for (const oldest of map.keys()) {
    if (map.size <= max) break
    map.delete(oldest)
  }
  return entry
}
