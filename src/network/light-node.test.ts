import { describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { walkDirectory } from '#media/dag.ts'
import { importDirectory } from '#media/import-directory.ts'
import type { Cid } from '#std/brand.ts'
import { bytesFromUtf8 } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { getBlockFrom, startLightNode } from './light-node.ts'
import { PaidBlockBroker } from './paid-block-broker.ts'

const never = new AbortController().signal
async function* once(text: string) {
  yield bytesFromUtf8(text)
}

describe('the light node', () => {
  it('reads a directory by our broker alone, and from its own store the second time', async () => {
    const theirs = createMemoryBlocks()
    const root = orThrow(
      await importDirectory(
        [
          { path: 'manifest.mpd', content: once('<MPD/>') },
          { path: 'v720/1.m4s', content: once('x') },
        ],
        theirs,
      ),
    )
    const asked: Cid[] = []
    const broker = new PaidBlockBroker()
    const leave = broker.add(async cid => {
      asked.push(cid)
      return theirs.get(cid)
    })
    const helia = await startLightNode(createMemoryBlocks(), broker)
    const directory = orThrow(await walkDirectory(root, getBlockFrom(helia, never)))
    expect([...directory.files.keys()]).toEqual(['manifest.mpd', 'v720/1.m4s'])
    expect(asked).toEqual(directory.nodes)
    leave()
    orThrow(await walkDirectory(root, getBlockFrom(helia, never)))
    expect(asked).toEqual(directory.nodes)
    await expect(getBlockFrom(helia, never)(directory.leaves[0]?.cid ?? root)).rejects.toMatchObject({
      code: 'block-absent',
    })
    await helia.stop()
  })

  it('takes no block that does not match its CID', async () => {
    const theirs = createMemoryBlocks()
    const root = orThrow(await importDirectory([{ path: 'manifest.mpd', content: once('<MPD/>') }], theirs))
    const broker = new PaidBlockBroker()
    broker.add(async () => bytesFromUtf8('something else'))
    const mine = createMemoryBlocks()
    const helia = await startLightNode(mine, broker)
    await expect(getBlockFrom(helia, never)(root)).rejects.toThrow()
    expect(await mine.has(root)).toBe(false)
    await helia.stop()
  })
})
