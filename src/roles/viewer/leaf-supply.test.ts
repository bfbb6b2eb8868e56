import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { createManualClock } from '#adapters/clock-manual.ts'
import type { Leaf } from '#media/dag.ts'
import { BufferPool } from '#network/buffer-pool.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { KeptLeaves } from './kept-leaves.ts'
import { LeafCache } from './leaf-cache.ts'
import { type LeafSource, LeafSupply } from './leaf-supply.ts'

const leafSize = 64
const bytesOf = (index: number) => new Uint8Array(leafSize).fill(index)
const leaves: readonly Leaf[] = Array.from({ length: 200 }, (_, index) => ({
  index,
  size: leafSize,
  cid: cidFromDigest('raw', createHash('sha256').update(bytesOf(index)).digest()),
}))
const indicesFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

/** A host whose every leaf is sent by the test, and that is slow to notice that nobody reads any more. */
const openHost = () => {
  const asked: { indices: number[]; signal: AbortSignal; send: () => Promise<void>; end: () => void }[] = []
  const counted: number[] = []
  const source: LeafSource = {
    fetch: (wanted, onLeaf, signal) =>
      new Promise((resolve, reject) => {
        const rest = [...wanted]
        const send = async (): Promise<void> => {
          const leaf = rest.shift()
          if (leaf !== undefined) await onLeaf(leaf, bytesOf(leaf.index))
          if (rest.length === 0) resolve()
        }
        const end = (): void => reject(signal.reason)
        asked.push({ indices: wanted.map(({ index }) => index), signal, send, end })
      }),
    note: () => {},
    count: ({ index }) => void counted.push(index),
    fail: () => false,
  }
  /** Sends all that is asked for, until somebody has what he wants. */
  const serveUntil = async (ended: Promise<void>): Promise<void> => {
    let isOver = false
    ended.then(() => {
      isOver = true
    })
    while (!isOver) {
      for (const { signal, send } of [...asked]) if (!signal.aborted) await send()
      await new Promise(setImmediate)
    }
  }
  return { asked, counted, source, serveUntil }
}

const openSupply = async () => {
  const host = openHost()
  const pool = new BufferPool(leafSize, 256)
  const supply = new LeafSupply({
    leaves,
    sources: [host.source],
    cache: new LeafCache(1 << 20, pool),
    kept: await KeptLeaves.open(createMemoryBlocks(), leaves),
    pool,
    clock: createManualClock(0),
    opened: Promise.resolve(),
  })
  /** Reads leaves in order, until it is left. */
  const read = (from: number, to: number) => {
    const parts = leaves.slice(from, to).map(leaf => ({ leaf, from: 0, to: leafSize }))
    const leaving = new AbortController()
    const got: number[] = []
    const ended = (async () => {
      for await (const piece of supply.read(parts, leaving.signal)) got.push(piece[0] ?? -1)
    })().catch(() => {})
    return { got, leaving, ended }
  }
  return { ...host, read, supply }
}

describe('a seek', () => {
  it('asks for the new leaf first, and never again for what is no longer wanted', async () => {
    const { asked, counted, read, serveUntil, supply } = await openSupply()
    const before = read(0, 64)
    await expect.poll(() => asked.length).toBe(2)
    for (let sent = 0; sent < 3; sent++) await asked[0]?.send()
    await expect.poll(() => before.got).toEqual([0, 1, 2])
    before.leaving.abort()
    await before.ended
    const after = read(120, 136)
    await expect.poll(() => asked.length).toBe(3)
    expect(asked.slice(0, 2).map(({ signal }) => signal.aborted)).toEqual([true, true])
    expect(asked[2]?.indices[0]).toBe(120)
    // One was on its way: it came whole, so it is kept, and its host paid for it.
    await asked[0]?.send()
    for (const { end } of asked.slice(0, 2)) end()
    await serveUntil(after.ended)
    await supply.settle()
    expect(after.got).toEqual(indicesFrom(120, 136))
    expect(asked.slice(2).flatMap(({ indices }) => indices)).toEqual(indicesFrom(120, 136))
    expect(counted).toEqual([0, 1, 2, 3, ...indicesFrom(120, 136)])
  })

  it('keeps under way what the new place wants, too, and asks for it once', async () => {
    const { asked, read, serveUntil } = await openSupply()
    const before = read(0, 16)
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    const [first] = asked
    const after = read(8, 24)
    before.leaving.abort()
    await before.ended
    expect(first?.signal.aborted).toBe(false)
    await serveUntil(after.ended)
    expect(after.got).toEqual(indicesFrom(8, 24))
    const all = asked.flatMap(({ indices }) => indices)
    expect(all.toSorted((a, b) => a - b)).toEqual(indicesFrom(0, 24))
  })
})
