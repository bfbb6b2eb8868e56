import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { openPackBlocks } from '#adapters/blocks-pack.ts'
import { createMemoryFile } from '#adapters/pack-file.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { KeptLeaves } from './kept-leaves.ts'

const slotBytes = 1024
const leafOf = (index: number) => {
  const bytes = new Uint8Array(600).fill(index + 1)
  const cid = cidFromDigest('raw', createHash('sha256').update(bytes).digest())
  return { leaf: { cid, index, size: bytes.length }, bytes }
}
const all = [0, 1, 2].map(leafOf)
const leaves = all.map(({ leaf }) => leaf)

it('knows what an earlier run kept, and gives it in the memory offered', async () => {
  const file = createMemoryFile()
  const options = { slotBytes, quotaBytes: 10 * slotBytes }
  const before = await KeptLeaves.open(openPackBlocks(file, options), leaves)
  for (const { leaf, bytes } of all.slice(0, 2)) await before.put(leaf, bytes)
  const after = await KeptLeaves.open(openPackBlocks(file, options), leaves)
  expect(leaves.map(leaf => after.has(leaf.index))).toEqual([true, true, false])
  const memory = new ArrayBuffer(slotBytes)
  for (const { leaf, bytes } of all.slice(0, 2)) {
    const got = await after.get(leaf, memory)
    expect(got).toEqual(bytes)
    expect(got?.buffer).toBe(memory)
  }
})

it('says of a leaf that the store gave up, or could not take, that it is not there', async () => {
  const kept = await KeptLeaves.open(
    openPackBlocks(createMemoryFile(), { slotBytes, quotaBytes: slotBytes }),
    leaves,
  )
  for (const { leaf, bytes } of all.slice(0, 2)) await kept.put(leaf, bytes)
  expect(kept.has(0)).toBe(true)
  expect(await kept.get(leafOf(0).leaf, new ArrayBuffer(slotBytes))).toBeUndefined()
  expect(kept.has(0)).toBe(false)
  const full = await KeptLeaves.open(
    openPackBlocks(createMemoryFile(), { slotBytes: 100, quotaBytes: 100 }),
    leaves,
  )
  await full.put(leafOf(0).leaf, leafOf(0).bytes)
  expect(full.has(0)).toBe(false)
})
