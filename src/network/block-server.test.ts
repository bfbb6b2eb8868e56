import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Leaf } from '#media/dag.ts'
import { leafBytes } from '#media/limits.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { ParatiiError } from '#std/error.ts'
import { getBody } from './block-client.ts'
import { type BlockServer, type BlockSource, startBlockServer } from './block-server.ts'
import { BufferPool } from './buffer-pool.ts'
import { fetchLeaves } from './leaf-fetch.ts'
import type { LeafFeed } from './leaf-sender.ts'

const contents = Array.from({ length: 11 }, (_, i) => Buffer.alloc(i === 10 ? 1000 : leafBytes, i + 1))
const leaves = contents.map(
  (bytes, index): Leaf => ({
    cid: cidFromDigest('raw', createHash('sha256').update(bytes).digest()),
    size: bytes.length,
    index,
  }),
)

/** A feed of all contents whose window is open for `window.leaves` of them. */
const openFeed = (window: { leaves: number }, sent: Buffer[] = contents): LeafFeed & { closed: boolean } => ({
  closed: false,
  count: sent.length,
  byteLength: sent.reduce((sum, bytes) => sum + bytes.length, 0),
  admit: position => position < window.leaves,
  async opened() {
    if (window.leaves === 0) throw new ParatiiError('payment-required')
    window.leaves += 2
  },
  read: async position => sent[position] ?? Buffer.alloc(0),
  close() {
    this.closed = true
  },
})

const refuseAll: BlockSource = {
  hosts: () => Promise.reject(new ParatiiError('video-unknown')),
  head: () => Promise.reject(new ParatiiError('rate-limited')),
  open: () => Promise.reject(new ParatiiError('purchase-ended')),
}

const servers: BlockServer[] = []
const serve = async (source: Partial<BlockSource>): Promise<string> => {
  const server = await startBlockServer({ source: { ...refuseAll, ...source }, host: '127.0.0.1', port: 0 })
  servers.push(server)
  return server.url
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

const fetchAll = async (base: string, signal = new AbortController().signal, wanted = leaves) => {
  const arrived: number[] = []
  const failure = await fetchLeaves({
    open: turn => getBody(`${base}/paratii/1/blocks?any`, turn),
    leaves: wanted,
    pool: new BufferPool(leafBytes, 8),
    signal,
    onLeaf(position, bytes) {
      expect(contents[position]?.equals(bytes)).toBe(true)
      arrived.push(position)
    },
  }).catch((error: unknown) => error)
  return { arrived, failure }
}

describe('the data plane', () => {
  it('carries leaves in order, each checked, while the window opens bit by bit', async () => {
    const feed = openFeed({ leaves: 1 })
    const { arrived, failure } = await fetchAll(await serve({ open: async () => feed }))
    expect(failure).toBeUndefined()
    expect(arrived).toEqual(leaves.map(leaf => leaf.index))
    await expect.poll(() => feed.closed).toBe(true)
  })

  it('reads one answer after the other into the same memory', async () => {
    const memory = new Set<ArrayBufferLike>()
    const open = async (): Promise<LeafFeed> => ({
      ...openFeed({ leaves: 99 }),
      async read(position, into = new Uint8Array(leafBytes)) {
        memory.add(into.buffer)
        into.set(contents[position] ?? [])
        return into.subarray(0, contents[position]?.length)
      },
    })
    const base = await serve({ open })
    for (let round = 0; round < 3; round++) {
      const { arrived, failure } = await fetchAll(base)
      expect(failure).toBeUndefined()
      expect(arrived).toHaveLength(contents.length)
    }
    expect(memory.size).toBe(2)
  })

  it('passes on what came before a wrong block and nothing after it', async () => {
    const wrong = contents.map((bytes, i) => (i === 3 ? Buffer.alloc(bytes.length, 99) : bytes))
    const { arrived, failure } = await fetchAll(
      await serve({ open: async () => openFeed({ leaves: 99 }, wrong) }),
    )
    expect(failure).toMatchObject({ code: 'block-mismatch' })
    expect(arrived).toEqual([0, 1, 2])
  })

  it('keeps whole leaves of an answer that was cut short', async () => {
    const feed = openFeed({ leaves: 99 })
    const base = await serve({
      open: async () => ({
        ...feed,
        read: async position => {
          if (position === 5) throw new ParatiiError('store-failed')
          return contents[position] ?? Buffer.alloc(0)
        },
      }),
    })
    const { arrived, failure } = await fetchAll(base)
    expect(failure).toMatchObject({ code: 'host-unreachable' })
    expect(arrived.length).toBeLessThanOrEqual(5)
    expect(arrived).toEqual(leaves.slice(0, arrived.length).map(leaf => leaf.index))
  })

  it('refuses bytes beyond those asked for', async () => {
    const base = await serve({ open: async () => openFeed({ leaves: 99 }) })
    const { failure } = await fetchAll(base, undefined, leaves.slice(0, 10))
    expect(failure).toMatchObject({ code: 'block-mismatch' })
  })

  it('says with a status that the window stays shut', async () => {
    const base = await serve({ open: async () => openFeed({ leaves: 0 }) })
    const { failure } = await fetchAll(base)
    expect(failure).toMatchObject({ code: 'payment-required' })
  })

  it('closes the feed when the reader goes away', async () => {
    const feed = openFeed({ leaves: 1 })
    const stop = new AbortController()
    let waiting = false
    const base = await serve({
      open: async () => ({
        ...feed,
        opened: signal => {
          waiting = true
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        },
        close: () => feed.close(0, false),
      }),
    })
    const fetching = fetchAll(base, stop.signal)
    await expect.poll(() => waiting).toBe(true)
    stop.abort()
    expect((await fetching).failure).toMatchObject({ code: 'aborted' })
    await expect.poll(() => feed.closed).toBe(true)
  })

  it.each([
    ['/paratii/1/blocks?any', 410, 'purchase-ended'],
    [`/paratii/1/hosts/0x${'0'.repeat(64)}`, 404, 'video-unknown'],
    [`/paratii/1/head/${leaves[0]?.cid}`, 429, 'rate-limited'],
    ['/else', 400, 'request-malformed'],
  ])('answers %s with a status, a code and nothing more', async (path, status, code) => {
    const response = await fetch((await serve({})) + path)
    expect(response.status).toBe(status)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual({ code })
  })
})
