import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { describeBlocks } from './blocks.compliance.ts'
import { openPackBlocks } from './blocks-pack.ts'
import { entryBytes } from './pack-entry.ts'
import { createMemoryFile, type PackFile } from './pack-file.ts'
import { openNodeFile } from './pack-file-node.ts'

const folder = mkdtempSync(join(tmpdir(), 'paratii-pack-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const slotBytes = 1024
const small = { slotBytes, quotaBytes: 8 * slotBytes }

const roomy = { slotBytes: 262_144, quotaBytes: 16 * 262_144 }
const gathering = { ...roomy, gather: { slots: 3, lingerMs: 5 } }
let counter = 0
describeBlocks('a pack in memory', () => openPackBlocks(createMemoryFile(), roomy))
describeBlocks('a pack that gathers what it writes', () => openPackBlocks(createMemoryFile(), gathering))
describeBlocks('a pack on disk', () => openPackBlocks(openNodeFile(join(folder, `${counter++}.pack`)), roomy))

const blockOf = (seed: number, length = 700): { readonly cid: Cid; readonly bytes: Uint8Array } => {
  const bytes = new Uint8Array(length).map((_, at) => (at * 31 + seed * 17 + (at >> 8)) & 255)
  new DataView(bytes.buffer).setUint32(0, seed)
  return { cid: cidFromDigest('raw', createHash('sha256').update(bytes).digest()), bytes }
}
const put = (blocks: Blocks, seed: number, length?: number) => {
  const { cid, bytes } = blockOf(seed, length)
  return blocks.put(cid, bytes)
}
const keeps = async (blocks: Blocks, seed: number, length?: number) => {
  const { cid, bytes } = blockOf(seed, length)
  const got = await blocks.get(cid)
  if (got !== undefined) expect(Buffer.from(got).equals(bytes)).toBe(true)
  return got !== undefined
}

/** A file whose writes reach the disk in part: those after `writes` are lost, and the last of them is torn. */
const crashingFile = (file: PackFile, writes: number, tornBytes: number): PackFile => {
  let left = writes
  return {
    ...file,
    write(bytes, options) {
      left--
      if (left >= 0) file.write(left === 0 ? bytes.subarray(0, tornBytes) : bytes, options)
      return bytes.length
    },
  }
}

describe('a pack of blocks', () => {
  it('has them when it is opened again, from a file on disk', async () => {
    const path = join(folder, 'again.pack')
    const before = openPackBlocks(openNodeFile(path), small)
    await put(before, 1)
    await put(before, 2, 3000)
    before.close()
    const after = openPackBlocks(openNodeFile(path), small)
    expect(await keeps(after, 1)).toBe(true)
    expect(await keeps(after, 2, 3000)).toBe(true)
    after.close()
  })

  it('gives up the least recently used block for a new one, also across a restart', async () => {
    const file = createMemoryFile()
    const before = openPackBlocks(file, small)
    for (let seed = 0; seed < 8; seed++) await put(before, seed)
    expect(await keeps(before, 0)).toBe(true)
    const after = openPackBlocks(file, small)
    await put(after, 8)
    await put(after, 9)
    expect(await Promise.all([0, 1, 2, 3, 8, 9].map(seed => keeps(after, seed)))).toEqual([
      true,
      false,
      false,
      true,
      true,
      true,
    ])
  })

  it('never grows beyond its quota, and shrinks to a smaller one', async () => {
    const file = createMemoryFile()
    const blocks = openPackBlocks(file, { slotBytes, quotaBytes: 200 * slotBytes })
    for (let seed = 0; seed < 500; seed++) await put(blocks, seed, 100 + (seed % 3) * slotBytes)
    const size = file.getSize()
    expect(size).toBeLessThan(4096 + 4 * (4096 + 64 * slotBytes))
    const smaller = openPackBlocks(file, small)
    expect(file.getSize()).toBeLessThan(size / 3)
    await put(smaller, 7)
    expect(await keeps(smaller, 7)).toBe(true)
  })

  it.each(['while it is open', 'when it is opened again'])(
    'gives up the least recently used when its quota is made smaller %s, wherever they lie',
    async how => {
      const file = createMemoryFile()
      let blocks = openPackBlocks(file, { slotBytes, quotaBytes: 40 * slotBytes })
      for (let seed = 0; seed < 20; seed++) await put(blocks, seed, slotBytes)
      await put(blocks, 20, 3 * slotBytes)
      // Used again: those that lie first, and one that lies beyond what will be the end.
      for (const seed of [0, 1, 15]) await keeps(blocks, seed, slotBytes)
      if (how === 'while it is open') blocks.limit(small.quotaBytes)
      else blocks = openPackBlocks(file, small)
      expect(file.getSize()).toBeLessThanOrEqual(4096 + 8 * (entryBytes + slotBytes))
      const kept = async () => {
        const found = await Promise.all(
          Array.from({ length: 20 }, (_, seed) => keeps(blocks, seed, slotBytes)),
        )
        return found.flatMap((isKept, seed) => (isKept ? [seed] : []))
      }
      expect(await kept()).toEqual([0, 1, 15, 18, 19])
      expect(await keeps(blocks, 20, 3 * slotBytes)).toBe(true)
      blocks = openPackBlocks(file, small)
      expect(await kept()).toEqual([0, 1, 15, 18, 19])
      blocks.limit(40 * slotBytes)
      await put(blocks, 30, slotBytes)
      expect(await kept()).toEqual([0, 1, 15, 18, 19])
    },
  )

  it('is empty once it was cleared, and takes new blocks', async () => {
    const file = createMemoryFile()
    const blocks = openPackBlocks(file, { ...small, gather: { slots: 4, lingerMs: 60_000 } })
    await Promise.all([1, 2, 3, 4].map(seed => put(blocks, seed, slotBytes)))
    const late = put(blocks, 5, slotBytes)
    blocks.clear()
    await late
    expect(file.getSize()).toBe(4096)
    expect(await Promise.all([1, 5].map(seed => keeps(blocks, seed, slotBytes)))).toEqual([false, false])
    const six = put(blocks, 6, slotBytes)
    expect(await keeps(blocks, 6, slotBytes)).toBe(true)
    await six
    expect(await keeps(openPackBlocks(file, small), 6, slotBytes)).toBe(true)
  })

  it('writes neighbours at once where it gathers, and gives what it has not written yet', async () => {
    const file = createMemoryFile()
    let writes = 0
    const counted: PackFile = {
      ...file,
      write(bytes, options) {
        writes++
        return file.write(bytes, options)
      },
    }
    const blocks = openPackBlocks(counted, { ...small, gather: { slots: 4, lingerMs: 60_000 } })
    writes = 0
    const four = [1, 2, 3, 4].map(seed => put(blocks, seed, slotBytes))
    await Promise.all(four)
    expect(writes).toBe(1)
    const late = put(blocks, 5, slotBytes)
    expect(await keeps(blocks, 5, slotBytes)).toBe(true)
    await late
    const again = openPackBlocks(file, small)
    expect(await Promise.all([1, 2, 3, 4, 5].map(seed => keeps(again, seed, slotBytes)))).toEqual(
      Array(5).fill(true),
    )
  })

  it('keeps none of what was gathered when the disk took none of it', async () => {
    const file = createMemoryFile()
    const full: PackFile = { ...file, write: (_, { at }) => (at === 0 ? file.write(_, { at }) : 0) }
    const blocks = openPackBlocks(full, { ...small, gather: { slots: 2, lingerMs: 60_000 } })
    const both = [1, 2].map(seed => put(blocks, seed, slotBytes))
    for (const one of both) await expect(one).rejects.toMatchObject({ code: 'store-failed' })
    expect(await blocks.has(blockOf(1, slotBytes).cid)).toBe(false)
  })

  it('drops a block whose bytes the disk changed', async () => {
    const file = createMemoryFile()
    const blocks = openPackBlocks(file, small)
    await put(blocks, 1)
    file.write(Uint8Array.of(99), { at: 4096 + entryBytes + 5 })
    expect(await keeps(blocks, 1)).toBe(false)
    expect(await blocks.has(blockOf(1).cid)).toBe(false)
    await put(blocks, 1)
    expect(await keeps(openPackBlocks(file, small), 1)).toBe(true)
  })

  it('begins anew over a file that is something else', async () => {
    const file = createMemoryFile()
    file.write(new Uint8Array(50_000).fill(7), { at: 0 })
    const blocks = openPackBlocks(file, small)
    await put(blocks, 1)
    expect(await keeps(blocks, 1)).toBe(true)
  })

  it('goes on with what it has when the disk is full', async () => {
    const file = createMemoryFile()
    const full = {
      ...file,
      write: (bytes: Uint8Array, { at }: { readonly at: number }) =>
        at + bytes.length > 4096 + 3 * (entryBytes + slotBytes) ? 0 : file.write(bytes, { at }),
    }
    const blocks = openPackBlocks(full, small)
    for (let seed = 0; seed < 3; seed++) await put(blocks, seed)
    await expect(put(blocks, 3)).rejects.toMatchObject({ code: 'store-failed' })
    await put(blocks, 4)
    expect(await keeps(blocks, 4)).toBe(true)
    expect(await keeps(blocks, 0)).toBe(false)
    expect(await keeps(blocks, 2)).toBe(true)
  })

  it('shows no byte that is not of the block, whenever it crashed', async () => {
    const step = fc.record({
      seed: fc.nat(20),
      length: fc.constantFrom(100, 1024, 2500),
      isGet: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.nat(150),
        fc.nat(1024),
        async (steps, writes, tornBytes) => {
          const file = createMemoryFile()
          const doomed = openPackBlocks(crashingFile(file, writes, tornBytes), small)
          for (const { seed, length, isGet } of steps)
            await (isGet ? keeps(doomed, seed, length) : put(doomed, seed, length))
          const after = openPackBlocks(file, small)
          for (const { seed, length } of steps) await keeps(after, seed, length)
          await put(after, 99, 8 * slotBytes)
          expect(await keeps(after, 99, 8 * slotBytes)).toBe(true)
        },
      ),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 100) },
    )
  })
})
