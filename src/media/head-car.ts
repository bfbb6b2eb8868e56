import { addBlock, blockLength, close, createWriter, headerLength } from '@ipld/car/buffer-writer'
import { bytesReader, createDecoder } from '@ipld/car/decoder'
import { CID } from 'multiformats/cid'
import { decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import { checkBlock, type Sha256 } from './block-check.ts'
import { type GetNode, type MediaDirectory, walkDirectory } from './dag.ts'
import { headLeaves } from './head.ts'

/** A head longer than this is not read: the inner nodes of 64 GiB of media are 14 MB of it. */
export const maxHeadBytes = 33_554_432

/** What everybody gets before a purchase, checked: all inner nodes, and the leaves that {@link headLeaves} names. */
export type FormatHead = {
  readonly directory: MediaDirectory
  readonly nodes: ReadonlyMap<Cid, Uint8Array>
  /** By the leaf's index. */
  readonly leaves: ReadonlyMap<number, Uint8Array>
}

/**
 * A directory's head as CARv1 with one root: inner nodes in the order of the walk, then the free leaves by index.
 * `block-absent` if the store lacks one of them.
 */
export const encodeHead = async (
  directory: MediaDirectory,
  getBlock: GetNode,
): Promise<Result<Uint8Array>> => {
  const blocks: { readonly cid: CID; readonly bytes: Uint8Array }[] = []
  for (const cid of [...directory.nodes, ...headLeaves(directory).map(leaf => leaf.cid)]) {
    const bytes = await getBlock(cid)
    if (bytes === undefined) return failed('block-absent', { cid })
    blocks.push({ cid: CID.parse(cid), bytes })
  }
  const roots = [CID.parse(directory.root)]
  const size = blocks.reduce((sum, block) => sum + blockLength(block), headerLength({ roots }))
  const writer = createWriter(new ArrayBuffer(size), { roots })
  for (const block of blocks) addBlock(writer, block)
  return ok(close(writer))
}

/**
 * Reads a head that came from a host, every block checked against its CID as it is met.
 * Failures: `directory-malformed` for what is no head of this root (a block too many or too few, a repetition,
 * more than {@link maxHeadBytes}), `block-mismatch` for wrong bytes, and those of {@link walkDirectory}.
 */
export const decodeHead = async (root: Cid, car: Uint8Array, sha256: Sha256): Promise<Result<FormatHead>> => {
  const odd = (reason: string) => failed('directory-malformed', { reason, cid: root })
  if (car.length > maxHeadBytes) return odd('head too long')
  const blocks = await readBlocks(root, car, sha256)
  if (!blocks.ok) return blocks
  const directory = await walkDirectory(root, cid => blocks.value.get(cid))
  if (!directory.ok) return directory
  const nodes = take(blocks.value, directory.value.nodes)
  const leaves = new Map<number, Uint8Array>()
  for (const { cid, size, index } of headLeaves(directory.value)) {
    const bytes = blocks.value.get(cid)
    if (bytes?.length !== size) return odd('free leaf absent or of another size')
    leaves.set(index, bytes)
  }
  if (nodes.size + leaves.size !== blocks.value.size) return odd('block that is not of the head')
  return ok({ directory: directory.value, nodes, leaves })
}

const readBlocks = async (
  root: Cid,
  car: Uint8Array,
  sha256: Sha256,
): Promise<Result<Map<Cid, Uint8Array>>> => {
  const odd = failed('directory-malformed', { reason: 'not a CAR of this root', cid: root })
  const blocks = new Map<Cid, Uint8Array>()
  try {
    const decoder = createDecoder(bytesReader(car))
    const { version, roots } = await decoder.header()
    if (version !== 1 || roots.length !== 1 || roots[0]?.toString() !== root) return odd
    // Each block is checked before the next is read: sections may overlap, and a flood of them would fill memory.
    for await (const { cid, bytes } of decoder.blocks()) {
      const name = decodeCid(cid.bytes)
      if (!name.ok || blocks.has(name.value)) return odd
      const checked = await checkBlock(name.value, bytes, sha256)
      if (!checked.ok) return checked
      blocks.set(name.value, bytes)
    }
  } catch {
    return odd
  }
  return ok(blocks)
}

const take = (blocks: ReadonlyMap<Cid, Uint8Array>, cids: readonly Cid[]): Map<Cid, Uint8Array> => {
  const taken = new Map<Cid, Uint8Array>()
  for (const cid of cids) {
    const bytes = blocks.get(cid)
    if (bytes !== undefined) taken.set(cid, bytes)
  }
  return taken
}
