import { describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import type { Leaf } from '#media/dag.ts'
import { leafBytes } from '#media/limits.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { CreditGate } from './credit-gate.ts'
import { openFreeFeed, openPaidFeed } from './leaf-feed.ts'

const mebibyte = 4 * leafBytes
const leaves = Array.from(
  { length: 12 },
  (_, index): Leaf => ({ cid: cidFromDigest('raw', new Uint8Array(32).fill(index)), size: leafBytes, index }),
)
const never = new AbortController().signal
const blocks = createMemoryBlocks()

describe('a paid feed', () => {
  it('sends its credit ahead of receipts, then waits for one', async () => {
    const gate = new CreditGate(20 * mebibyte, 0)
    const asked: number[] = []
    gate.watch(outstanding => asked.push(outstanding), never)
    const feed = openPaidFeed(leaves, blocks, gate)
    expect([0, 1, 2, 3].every(position => feed.admit(position))).toBe(true)
    expect(feed.admit(4)).toBe(false)
    expect(asked).toEqual([mebibyte])
    const opened = feed.opened(never)
    gate.pay(leafBytes)
    await opened
    expect(feed.admit(4)).toBe(true)
  })

  it('shares one window with the other streams of its purchase, first come first served', async () => {
    const gate = new CreditGate(20 * mebibyte, 0)
    const [first, second] = [openPaidFeed(leaves, blocks, gate), openPaidFeed(leaves, blocks, gate)]
    for (const position of [0, 1]) expect(first.admit(position) && second.admit(position)).toBe(true)
    expect(first.admit(2) || second.admit(2)).toBe(false)
    const waits = Promise.all([first.opened(never), second.opened(never)])
    gate.pay(mebibyte)
    await waits
    expect(first.admit(2) && second.admit(2)).toBe(true)
  })

  it('forgives what a reader that went away did not get, and never started blocks at all', () => {
    const gate = new CreditGate(20 * mebibyte, 0)
    const feed = openPaidFeed(leaves, blocks, gate)
    for (const position of [0, 1, 2, 3]) feed.admit(position)
    expect(gate.outstandingBytes).toBe(mebibyte)
    feed.close(2, false)
    expect(gate.outstandingBytes).toBe(0)
    const again = openPaidFeed(leaves, blocks, gate)
    expect(again.admit(0)).toBe(true)
  })

  it('lets its place in the line go when its reader does', async () => {
    const gate = new CreditGate(20 * mebibyte, 0)
    const [gone, next] = [openPaidFeed(leaves, blocks, gate), openPaidFeed(leaves, blocks, gate)]
    for (const position of [0, 1, 2, 3]) gone.admit(position)
    expect(gone.admit(4) || next.admit(0)).toBe(false)
    const leave = new AbortController()
    const waiting = gone.opened(leave.signal)
    leave.abort()
    await expect(waiting).rejects.toThrow()
    gone.close(4, true)
    const opened = next.opened(never)
    gate.pay(leafBytes)
    await opened
    expect(next.admit(0)).toBe(true)
  })

  it('stops with the code that ended the purchase, or at the end of its allotment', async () => {
    const ended = new CreditGate(20 * mebibyte, 0)
    const feed = openPaidFeed(leaves, blocks, ended)
    ended.end('purchase-ended')
    expect(feed.admit(0)).toBe(false)
    await expect(feed.opened(never)).rejects.toMatchObject({ code: 'purchase-ended' })
    const small = openPaidFeed(leaves, blocks, new CreditGate(leafBytes, 0))
    expect(small.admit(0)).toBe(true)
    expect(small.admit(1)).toBe(false)
    await expect(small.opened(never)).rejects.toMatchObject({ code: 'allotment-exhausted' })
  })
})

describe('a feed', () => {
  it('gives no block that is absent, or of another size than the directory says', async () => {
    const feed = openFreeFeed(leaves, blocks)
    await expect(feed.read(0)).rejects.toMatchObject({ code: 'block-absent' })
    await blocks.put(leaves[1]?.cid ?? cidFromDigest('raw', new Uint8Array(32)), new Uint8Array(3))
    await expect(feed.read(1)).rejects.toMatchObject({ code: 'store-failed' })
  })
})
