import { openPackBlocks, type PackOptions } from '#adapters/blocks-pack.ts'
import { createMemoryFile } from '#adapters/pack-file.ts'
import { openOpfsFile } from '#adapters/pack-file-opfs.ts'
import { leafBytes } from '#media/limits.ts'
import type { Blocks } from '#std/ports/blocks.ts'

/** What the node keeps of videos from one start to the next. A block is the same on every network. */
export type BlockPacks = {
  /** Inner nodes, manifests, init segments: mostly of a few kilobytes. */
  readonly blocks: Blocks
  readonly leaves: Blocks
}

const nodeSlotBytes = 4096
/** Of leaves 1 MiB is written at once; one that comes alone waits no longer for others than a frame of the film lasts. */
const leafGather = { slots: 4, lingerMs: 20 }
const mostNodeBytes = 67_108_864
/** Without a file: what a Worker may hold in memory. */
const memoryBytes = 67_108_864
/** Films of some two hours; and never so much of the browser's allowance that it would clear it away. */
const mostLeafBytes = 2_147_483_648
const allowanceShare = 4

/** Opens the packs in the origin private file system. Only one Worker can; another one keeps its blocks in memory. */
export async function openBlockPacks(): Promise<BlockPacks> {
  const { quota = 0 } = await navigator.storage.estimate()
  const leafQuota = Math.min(mostLeafBytes, Math.floor(quota / allowanceShare))
  const [blocks, leaves] = await Promise.all([
    openPack('nodes.pack', { slotBytes: nodeSlotBytes, quotaBytes: mostNodeBytes }),
    openPack('leaves.pack', { slotBytes: leafBytes, quotaBytes: leafQuota, gather: leafGather }),
  ])
  return { blocks, leaves }
}

async function openPack(name: string, options: PackOptions): Promise<Blocks> {
  try {
    return openPackBlocks(await openOpfsFile(name), options)
  } catch {
    const quotaBytes = Math.min(options.quotaBytes, memoryBytes)
    return openPackBlocks(createMemoryFile(), { ...options, quotaBytes })
  }
}
