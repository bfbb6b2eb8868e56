import { code as dagPbCode, type PBLink } from '@ipld/dag-pb'
import { bytesFromCid, isCid } from '#protocol/cid.ts'
import { maxUint40 } from '#protocol/fields.ts'
import type { Cid } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { type Failure, ok, type Result } from '#std/result.ts'
import { type DagNode, decodeNode, targetOf } from './dag-node.ts'
import { leafBytes, type WalkLimits, walkLimits } from './limits.ts'

/** A raw leaf. `index`: its place among the unique raw leaves of the directory, depth first, in link order. */
export type Leaf = { readonly cid: Cid; readonly size: number; readonly index: number }

/** A raw leaf where a file mentions it. `offset`: of its first byte in the file. */
export type FileLeaf = Leaf & { readonly offset: number }

export type MediaFile = { readonly size: number; readonly leaves: readonly FileLeaf[] }

/** All that a directory's inner nodes say. Nothing in it was checked against the leaves' bytes. */
export type MediaDirectory = {
  readonly root: Cid
  /** By path without leading slash, such as `v720/1.m4s`, in link order. */
  readonly files: ReadonlyMap<string, MediaFile>
  /** The unique raw leaves; `leaves[i].index === i`. The order that requests for blocks count in. */
  readonly leaves: readonly Leaf[]
  /** The unique inner nodes, parents before children: the root first. */
  readonly nodes: readonly Cid[]
}

/**
 * Gives the bytes of an inner node (dag-pb), already checked against the CID; `undefined` if nobody has it.
 * What it throws goes through to the caller of {@link walkDirectory}.
 */
export type GetNode = (cid: Cid) => Promise<Uint8Array | undefined> | Uint8Array | undefined

/** Letters, digits, dot, dash and underscore: a path is then the same text in a URL, a manifest and on disk. */
const namePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/

/** The block without bytes: what an empty file is linked to. Nobody asks for it, so it is no leaf. */
export const emptyLeaf = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' as Cid

/**
 * Reads the UnixFS directory under a root from its inner nodes alone; raw leaves are named, never fetched.
 *
 * The layout is the one that {@link importDirectory} writes: CIDv1, sha2-256, raw leaves of 256 KiB, flat
 * directories with ascending names. Failures: `directory-malformed` (with `reason` and `cid`) for any other,
 * for one beyond the limits, and for one that contradicts itself; `block-absent` (with `cid`).
 */
export const walkDirectory = async (
  root: Cid,
  getNode: GetNode,
  limits: WalkLimits = walkLimits,
): Promise<Result<MediaDirectory>> => {
  if (!isCid(root)) return failed('cid-malformed')
  if (bytesFromCid(root)[1] !== dagPbCode)
    return failed('directory-malformed', { reason: 'not a directory', cid: root })
  const walk = new Walk(getNode, limits)
  try {
    const node = await walk.load(root, 0)
    if (node.data.type !== 'directory') throw new Odd('not a directory', root)
    await walk.readDirectory(node, '', 0)
    return ok({ root, files: walk.files, leaves: [...walk.leaves.values()], nodes: [...walk.nodes] })
  } catch (thrown) {
    if (thrown instanceof Odd) return { ok: false, error: thrown.failure }
    throw thrown
  }
}

/** Carries a failure out of the recursion; never leaves this file. */
class Odd extends Error {
  readonly failure: Failure

  constructor(
    reason: string,
    cid: string,
    code: 'directory-malformed' | 'block-absent' = 'directory-malformed',
  ) {
    super(reason)
    this.failure = failed(code, code === 'block-absent' ? { cid } : { reason, cid }).error
  }
}

const targetIn = (link: PBLink, parent: Cid): { readonly cid: Cid; readonly isLeaf: boolean } => {
  const target = targetOf(link)
  if (target === undefined) throw new Odd('link to a block that is neither raw nor dag-pb', parent)
  return target
}

class Walk {
  readonly files = new Map<string, MediaFile>()
  readonly leaves = new Map<Cid, Leaf>()
  readonly nodes = new Set<Cid>()
  readonly #getNode: GetNode
  readonly #left: { nodes: number; names: number; leaves: number; bytes: number }
  readonly #limits: WalkLimits

  constructor(getNode: GetNode, limits: WalkLimits) {
    this.#getNode = getNode
    this.#limits = limits
    this.#left = { nodes: limits.nodes, names: limits.names, leaves: limits.leaves, bytes: maxUint40 }
  }

  async load(cid: Cid, depth: number): Promise<DagNode> {
    if (depth > this.#limits.depth) throw new Odd('too deep', cid)
    this.#spend('nodes', 1, cid)
    const bytes = await this.#getNode(cid)
    if (bytes === undefined) throw new Odd('absent', cid, 'block-absent')
    if (bytes.length > this.#limits.nodeBytes) throw new Odd('node too large', cid)
    this.nodes.add(cid)
    const node = decodeNode(cid, bytes)
    if (node === undefined) throw new Odd('not UnixFS in dag-pb', cid)
    return node
  }

  async readDirectory({ cid, data, links }: DagNode, prefix: string, depth: number): Promise<void> {
    if (data.data !== undefined || data.blockSizes.length > 0) throw new Odd('directory with content', cid)
    let previous = ''
    for (const link of links) {
      const name = link.Name ?? ''
      this.#spend('names', 1, cid)
      if (!namePattern.test(name)) throw new Odd('bad name', cid)
      if (name <= previous) throw new Odd('names out of order', cid)
      previous = name
      await this.#readEntry(link, `${prefix}${name}`, cid, depth + 1)
    }
  }

  async #readEntry(link: PBLink, path: string, parent: Cid, depth: number): Promise<void> {
    const { cid, isLeaf } = targetIn(link, parent)
    if (isLeaf) {
      const size = link.Tsize ?? -1
      const leaves =
        cid === emptyLeaf && size === 0 ? [] : [{ ...this.#readLeaf(cid, size, parent), offset: 0 }]
      this.files.set(path, { size, leaves })
      return
    }
    const node = await this.load(cid, depth)
    if (node.data.type === 'directory') return this.readDirectory(node, `${path}/`, depth)
    const leaves: FileLeaf[] = []
    const size = await this.#readFile(node, leaves, 0, depth)
    if (leaves.some((leaf, at) => leaf.size !== leafBytes && at !== leaves.length - 1))
      throw new Odd('short leaf inside a file', node.cid)
    this.files.set(path, { size, leaves })
  }

  /** Appends the leaves under a node of a file; returns the offset of what follows them. */
  async #readFile(node: DagNode, leaves: FileLeaf[], offset: number, depth: number): Promise<number> {
    const { cid, data, links } = node
    if (data.type !== 'file') throw new Odd('neither file nor directory', cid)
    if (data.data !== undefined) throw new Odd('bytes in an inner node', cid)
    if (data.blockSizes.length !== links.length) throw new Odd('sizes do not fit links', cid)
    let at = offset
    for (const [i, link] of links.entries()) {
      const size = Number(data.blockSizes[i])
      if (link.Name !== undefined && link.Name !== '') throw new Odd('named part of a file', cid)
      const target = targetIn(link, cid)
      if (target.isLeaf) {
        if (link.Tsize !== size) throw new Odd('two sizes for one leaf', cid)
        leaves.push({ ...this.#readLeaf(target.cid, size, cid), offset: at })
        at += size
      } else {
        const child = await this.load(target.cid, depth + 1)
        const end = await this.#readFile(child, leaves, at, depth + 1)
        if (end - at !== size) throw new Odd('sizes do not add up', child.cid)
        at = end
      }
    }
    return at
  }

  #readLeaf(cid: Cid, size: number, parent: Cid): Leaf {
    this.#spend('leaves', 1, parent)
    if (!Number.isInteger(size) || size < 1 || size > leafBytes) throw new Odd('leaf of a wrong size', parent)
    const known = this.leaves.get(cid)
    if (known !== undefined) {
      if (known.size !== size) throw new Odd('two sizes for one leaf', parent)
      return known
    }
    this.#spend('bytes', size, parent)
    const leaf = { cid, size, index: this.leaves.size }
    this.leaves.set(cid, leaf)
    return leaf
  }

  #spend(what: 'nodes' | 'names' | 'leaves' | 'bytes', count: number, cid: Cid): void {
    this.#left[what] -= count
    if (this.#left[what] < 0) throw new Odd(`too many ${what}`, cid)
  }
}
