import { openPackBlocks, type PackBlocks, type PackOptions } from '#adapters/blocks-pack.ts'
import { createMemoryFile } from '#adapters/pack-file.ts'
import { openOpfsFile } from '#adapters/pack-file-opfs.ts'
import { leafBytes } from '#media/limits.ts'
import type { Blocks } from '#std/ports/blocks.ts'

/** What the node keeps of videos from one start to the next. A block is the same on every network. */
export type BlockPacks = {
  /** Inner nodes, manifests, init segments: mostly of a few kilobytes. */
  readonly blocks: Blocks
  readonly leaves: Blocks
  /** Keeps so many bytes of leaves from now on, as far as the browser lets it. */
  limit(leafBytes: number): void
  clear(): void
}

const nodeSlotBytes = 4096
/** Of leaves 1 MiB is written at once; one that comes alone waits no longer for others than a frame of the film lasts. */
const leafGather = { slots: 4, lingerMs: 20 }
const mostNodeBytes = 67_108_864
/** Without a file: what a Worker may hold in memory. */
const memoryBytes = 67_108_864
/** Never so much of the browser's allowance that it would clear it away. */
const allowanceShare = 4

/** Opens the packs in the origin private file system. Only one Worker can; another one keeps its blocks in memory. */
export async function openBlockPacks(keptBytes: number): Promise<BlockPacks> {
  const { quota = 0 } = await navigator.storage.estimate()
  const allowedBytes = Math.floor(quota / allowanceShare)
  const leafOptions = {
    slotBytes: leafBytes,
    quotaBytes: Math.min(keptBytes, allowedBytes),
    gather: leafGather,
  }
  const [nodes, leaves] = await Promise.all([
    openPack('nodes.pack', { slotBytes: nodeSlotBytes, quotaBytes: mostNodeBytes }),
    openPack('leaves.pack', leafOptions),
  ])
  return {
    blocks: nodes.pack,
    leaves: leaves.pack,
    limit: bytes => leaves.pack.limit(Math.min(bytes, allowedBytes, leaves.mostBytes)),
    clear() {
      nodes.pack.clear()
      leaves.pack.clear()
    },
  }
}

type OpenedPack = { readonly pack: PackBlocks; readonly mostBytes: number }

async function openPack(name: string, options: PackOptions): Promise<OpenedPack> {
  try {
    return { pack: openPackBlocks(await openOpfsFile(name), options), mostBytes: Number.POSITIVE_INFINITY }
  } catch {
    const quotaBytes = Math.min(options.quotaBytes, memoryBytes)
    return { pack: openPackBlocks(createMemoryFile(), { ...options, quotaBytes }), mostBytes: memoryBytes }
  }
}
