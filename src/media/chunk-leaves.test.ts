import { describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { orThrow } from '#std/error.ts'
import { chunkLeaves } from './chunk-leaves.ts'
import { walkDirectory } from './dag.ts'
import { importDirectory } from './import-directory.ts'

async function* contentOf(fill: number, bytes: number) {
  yield new Uint8Array(bytes).fill(fill)
}

const directoryOf = async (paths: readonly string[]) => {
  const blocks = createMemoryBlocks()
  const files = paths.map((path, i) => ({ path, content: contentOf(i + 1, 300_000) }))
  const root = orThrow(await importDirectory(files, blocks))
  return orThrow(await walkDirectory(root, cid => blocks.get(cid)))
}

describe('a chunk paid by the second', () => {
  it('is one segment of the first renditions, the first with what plays them', async () => {
    const names = ['manifest.mpd', 'v360/init.mp4', 'v360/1.m4s', 'v360/2.m4s', 'v720/1.m4s', 'a128/1.m4s']
    const directory = await directoryOf(names)
    const pathsOf = (chunk: number) => {
      const indices = new Set(chunkLeaves(directory, chunk).map(leaf => leaf.index))
      return [...directory.files]
        .filter(([, file]) => file.leaves.every(leaf => indices.has(leaf.index)))
        .map(([path]) => path)
        .sort()
    }
    expect(pathsOf(0)).toEqual(['a128/1.m4s', 'manifest.mpd', 'v360/1.m4s', 'v360/init.mp4'])
    expect(pathsOf(1)).toEqual(['v360/2.m4s'])
    expect(pathsOf(2)).toEqual([])
  })
})
