import { code as dagPbCode } from '@ipld/dag-pb'
import { bytesFromCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { type Failure, ok, type Result } from '#std/result.ts'
import type { GetNode } from './dag.ts'
import { type DagNode, decodeNode, targetOf } from './dag-node.ts'
import { type WalkLimits, walkLimits } from './limits.ts'

/** How much below a path is wanted: its block, what reads as one file or listing, or everything. */
export type DagScope = 'block' | 'entity' | 'all'

/** Bytes of a file, both included; negative ones count from its end; without `to` to its last. */
export type EntityBytes = { readonly from: number; readonly to?: number }

export type DagBlock = { readonly cid: Cid; readonly size: number; readonly isLeaf: boolean }

export type DagPart = {
  /** The block that the path ends at. */
  readonly target: Cid
  /** One block for each step of the path, the root first and the target last. */
  readonly trail: readonly Cid[]
  /** Those on the way, then the wanted ones, depth first in link order, each once. */
  readonly blocks: readonly DagBlock[]
}

/**
 * Names the blocks of a part of a UnixFS tree: what a CAR of the trustless gateway holds. Leaves are named, not read,
 * but for a root that is one. Failures: `path-unknown`, `block-absent`, `directory-malformed` (no UnixFS, or too much).
 */
export const listPart = async (
  root: Cid,
  names: readonly string[],
  scope: DagScope,
  bytes: EntityBytes | undefined,
  getBlock: GetNode,
  limits: WalkLimits = walkLimits,
): Promise<Result<DagPart>> => {
  const listing = new Listing(getBlock, limits)
  try {
    const trail = [root]
    let at = await listing.visit(root, undefined)
    for (const name of names) {
      const link = at?.data.type === 'directory' ? at.links.find(({ Name }) => Name === name) : undefined
      const target = link === undefined ? undefined : targetOf(link)
      if (target === undefined) return failed('path-unknown', { path: names.join('/') })
      trail.push(target.cid)
      at = await listing.visit(target.cid, link?.Tsize)
    }
    if (at !== undefined && scope !== 'block') await listing.descend(at, scope, bytes)
    return ok({ target: trail.at(-1) ?? root, trail, blocks: listing.blocks })
  } catch (thrown) {
    if (thrown instanceof Odd) return { ok: false, error: thrown.failure }
    throw thrown
  }
}

/** Carries a failure out of the recursion; never leaves this file. */
class Odd extends Error {
  readonly failure: Failure

  constructor(code: 'directory-malformed' | 'block-absent', cid: Cid) {
    super(code)
    this.failure = failed(code, { cid }).error
  }
}

class Listing {
  readonly #getBlock: GetNode
  readonly #limits: WalkLimits
  readonly #blocks = new Map<Cid, DagBlock>()
  #nodesLeft: number
  #leavesLeft: number

  constructor(getBlock: GetNode, limits: WalkLimits) {
    this.#getBlock = getBlock
    this.#limits = limits
    this.#nodesLeft = limits.nodes
    this.#leavesLeft = limits.leaves
  }

  get blocks(): readonly DagBlock[] {
    return [...this.#blocks.values()]
  }

  /** Counts a block in, and reads it if it is an inner node. `leafSize`: what its parent says of a leaf. */
  async visit(cid: Cid, leafSize: number | undefined): Promise<DagNode | undefined> {
    const isNode = bytesFromCid(cid)[1] === dagPbCode
    if (isNode ? --this.#nodesLeft < 0 : --this.#leavesLeft < 0) throw new Odd('directory-malformed', cid)
    if (!isNode && leafSize !== undefined) {
      this.#add({ cid, size: leafSize, isLeaf: true })
      return undefined
    }
    const bytes = await this.#getBlock(cid)
    if (bytes === undefined) throw new Odd('block-absent', cid)
    this.#add({ cid, size: bytes.length, isLeaf: !isNode })
    if (!isNode) return undefined
    const node = bytes.length > this.#limits.nodeBytes ? undefined : decodeNode(cid, bytes)
    if (node === undefined) throw new Odd('directory-malformed', cid)
    return node
  }

  /** Counts in what is below a node: of a file what holds the bytes, of a directory its listing is all unless `all` is wanted. */
  async descend(node: DagNode, scope: DagScope, bytes: EntityBytes | undefined): Promise<void> {
    if (node.data.type === 'directory') {
      if (scope === 'all') await this.#descendAll(node, 1)
      return
    }
    const size = Number(node.data.fileSize())
    const inFile = (offset: number) => (offset < 0 ? Math.max(0, size + offset) : offset)
    const first = inFile(bytes?.from ?? 0)
    const last = bytes?.to === undefined ? size - 1 : inFile(bytes.to)
    if (first <= last) await this.#descendFile(node, 0, first, last, 1)
  }

  async #descendAll(node: DagNode, depth: number): Promise<void> {
    if (depth > this.#limits.depth) throw new Odd('directory-malformed', node.cid)
    for (const link of node.links) {
      const target = targetOf(link)
      if (target === undefined) throw new Odd('directory-malformed', node.cid)
      const child = await this.visit(target.cid, link.Tsize)
      if (child !== undefined) await this.#descendAll(child, depth + 1)
    }
  }

  async #descendFile(
    node: DagNode,
    offset: number,
    first: number,
    last: number,
    depth: number,
  ): Promise<void> {
    const { cid, data, links } = node
    if (depth > this.#limits.depth || data.blockSizes.length !== links.length)
      throw new Odd('directory-malformed', cid)
    let start = offset
    for (const [at, link] of links.entries()) {
      const size = Number(data.blockSizes[at])
      const end = start + size
      if (start > last) return
      if (end > first) {
        const target = targetOf(link)
        if (target === undefined) throw new Odd('directory-malformed', cid)
        const child = await this.visit(target.cid, size)
        if (child !== undefined) await this.#descendFile(child, start, first, last, depth + 1)
      }
      start = end
    }
  }

  #add(block: DagBlock): void {
    if (!this.#blocks.has(block.cid)) this.#blocks.set(block.cid, block)
  }
}
