import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '#protocol/hash.ts'
import type { Cid } from '#std/brand.ts'
import { concatBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { checkBlock } from './block-check.ts'
import { type MediaDirectory, walkDirectory } from './dag.ts'
import { decodeHead, encodeHead } from './head-car.ts'
import { importDirectory } from './import-directory.ts'
import { sliceRange } from './leaf-range.ts'
import { leafBytes } from './limits.ts'
import { pathSize } from './path-size.ts'

class MemoryBlocks {
  readonly stored = new Map<Cid, Uint8Array>()
  get = (cid: Cid) => this.stored.get(cid)
  put = async (cid: Cid, bytes: Uint8Array) => {
    this.stored.set(cid, bytes.slice())
  }
}

/** Bytes that repeat within and between files, so that leaves are shared now and then. */
const contentOf = (size: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (seed + (i >>> 16) * (seed % 3)) & 0xff
  return bytes
}

const sizes = fc.oneof(
  fc.nat(2000),
  fc.constantFrom(0, 1, leafBytes - 1, leafBytes, leafBytes + 1, 2 * leafBytes, 3 * leafBytes + 17),
)
const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,6}$/)
const folderName = fc.constantFrom('', 'v720/', 'v360/', 'a128/')
const fileEntry = fc.record({
  folder: folderName,
  name,
  size: sizes,
  seed: fc.nat(5),
  piece: fc.integer({ min: 1, max: 300_000 }),
})
const directoryOf = fc
  .uniqueArray(fileEntry, { minLength: 1, maxLength: 8, selector: entry => entry.folder + entry.name })
  .filter(entries =>
    entries.every(a => entries.every(b => !`${b.folder}`.startsWith(`${a.folder}${a.name}/`))),
  )

type Entry = { folder: string; name: string; size: number; seed: number; piece: number }
const runs = { numRuns: Number(process.env.FC_NUM_RUNS ?? 30) }

const importEntries = async (entries: readonly Entry[], blocks: MemoryBlocks): Promise<Cid> => {
  async function* pieces(entry: Entry) {
    const bytes = contentOf(entry.size, entry.seed)
    for (let at = 0; at < bytes.length; at += entry.piece) yield bytes.subarray(at, at + entry.piece)
  }
  const files = entries.map(entry => ({ path: entry.folder + entry.name, content: pieces(entry) }))
  return orThrow(await importDirectory(files, blocks))
}

const readAll = async (
  entries: readonly Entry[],
): Promise<{ blocks: MemoryBlocks; directory: MediaDirectory }> => {
  const blocks = new MemoryBlocks()
  const root = await importEntries(entries, blocks)
  return { blocks, directory: orThrow(await walkDirectory(root, blocks.get)) }
}

describe('a directory of any files', () => {
  it('gives every range as the same slice of the original, from leaves that match their names', () =>
    fc.assert(
      fc.asyncProperty(directoryOf, fc.nat(), fc.nat(), async (entries, a, b) => {
        const { blocks, directory } = await readAll(entries)
        expect([...directory.files.keys()].sort()).toEqual(
          entries.map(entry => entry.folder + entry.name).sort(),
        )
        for (const entry of entries) {
          const file = directory.files.get(entry.folder + entry.name)
          if (file === undefined) throw new Error('lost a file')
          expect(file.size).toBe(entry.size)
          if (entry.size === 0) continue
          const [start, end] = [a % entry.size, b % entry.size].sort((x, y) => x - y) as [number, number]
          const parts = []
          for (const { leaf, from, to } of orThrow(sliceRange(file, start, end))) {
            const bytes = blocks.get(leaf.cid) ?? new Uint8Array()
            parts.push(orThrow(await checkBlock(leaf.cid, bytes, sha256, leaf.size)).subarray(from, to))
          }
          const expected = contentOf(entry.size, entry.seed).subarray(start, end + 1)
          expect(Buffer.compare(concatBytes(...parts), expected)).toBe(0)
        }
      }),
      runs,
    ))

  it('has one root, whatever the order of the files and the pieces they come in', () =>
    fc.assert(
      fc.asyncProperty(directoryOf, fc.integer({ min: 1000, max: 300_000 }), async (entries, piece) => {
        const again = [...entries].reverse().map(entry => ({ ...entry, piece }))
        expect(await importEntries(again, new MemoryBlocks())).toBe(
          await importEntries(entries, new MemoryBlocks()),
        )
      }),
      runs,
    ))

  it('counts each leaf once, in the order of the walk, and no path more than all of it', () =>
    fc.assert(
      fc.asyncProperty(directoryOf, async entries => {
        const { directory } = await readAll(entries)
        expect(directory.leaves.map(leaf => leaf.index)).toEqual(directory.leaves.map((_, at) => at))
        expect(new Set(directory.leaves.map(leaf => leaf.cid)).size).toBe(directory.leaves.length)
        const seen = [...directory.files.values()].flatMap(file => file.leaves.map(leaf => leaf.index))
        expect([...new Set(seen)]).toEqual(directory.leaves.map(leaf => leaf.index))
        const total = directory.leaves.reduce((sum, leaf) => sum + leaf.size, 0)
        expect(orThrow(pathSize(directory))).toBeLessThanOrEqual(total)
      }),
      runs,
    ))

  it('travels as a head that says the same and of which no changed byte is accepted', () =>
    fc.assert(
      fc.asyncProperty(
        directoryOf,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (entries, place, change) => {
          const { blocks, directory } = await readAll(entries)
          const car = orThrow(await encodeHead(directory, blocks.get))
          const head = orThrow(await decodeHead(directory.root, car, sha256))
          expect(head.directory).toEqual(directory)
          const damaged = car.slice()
          const at = place % car.length
          damaged[at] = (damaged[at] ?? 0) ^ change
          expect((await decodeHead(directory.root, damaged, sha256)).ok).toBe(false)
          expect((await decodeHead(directory.root, car.subarray(0, at), sha256)).ok).toBe(false)
        },
      ),
      runs,
    ))
})
