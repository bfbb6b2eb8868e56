import { createHash } from 'node:crypto'
import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { CarReader } from '@ipld/car/reader'
import { createHeliaLight } from 'helia'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { walkDirectory } from '#media/dag.ts'
import { importDirectory } from '#media/import-directory.ts'
import { leafBytes } from '#media/limits.ts'
import { cidFromDigest, digestFromCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import { type BlockServer, startBlockServer } from './block-server.ts'
import { DirectoryShelf } from './directory-shelf.ts'
import { FreeBlocks } from './free-blocks.ts'
import { RateBound } from './rate-bound.ts'

const blocks = createMemoryBlocks()
/** Bytes of which no two leaves are alike. */
const contentOf = (fill: number, byteCount: number) =>
  Uint8Array.from({ length: byteCount }, (_, at) => Math.imul(at + fill * 7919, 2_654_435_761) >>> 24)
const filesOf = (fill: number) =>
  new Map([
    ['manifest.mpd', contentOf(fill, 900)],
    ['v720/1.m4s', contentOf(fill + 1, 2 * leafBytes + 5)],
    ['v720/2.m4s', contentOf(fill + 2, leafBytes + 7)],
    ['v720/init.mp4', contentOf(fill + 3, 800)],
  ])
const store = async (files: ReadonlyMap<string, Uint8Array>): Promise<Cid> =>
  orThrow(
    await importDirectory(
      [...files].map(([path, bytes]) => ({
        path,
        content: (async function* () {
          yield bytes
        })(),
      })),
      blocks,
    ),
  )

const free = filesOf(10)
let gift: Cid
let film: Cid
let server: BlockServer
const asked: Cid[] = []

beforeAll(async () => {
  gift = await store(free)
  film = await store(filesOf(100))
  const shelf = new DirectoryShelf(blocks)
  const rate = { bytesPerSecond: 1e9, burstBytes: 1e9 }
  const freeBlocks = new FreeBlocks({
    blocks,
    shelf,
    clock: clockSystem,
    rates: new RateBound({ clock: clockSystem, each: rate, all: rate }),
    roots: async () => [gift, film],
    isFree: async root => {
      asked.push(root)
      return root === gift
    },
  })
  const refuse = () => Promise.reject(new ParatiiError('not-replicated'))
  const source = { hosts: refuse, head: refuse, open: refuse, gateway: { free: freeBlocks, blocks } }
  server = await startBlockServer({ source, host: '127.0.0.1', port: 0 })
})
afterAll(() => server.stop())

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${server.url}/ipfs/${path}`, { headers, method })
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())
const carOf = async (response: Response) => {
  expect(response.status).toBe(200)
  const bytes = await bytesOf(response)
  expect(bytes.length).toBe(Number(response.headers.get('content-length')))
  const reader = await CarReader.fromBytes(bytes)
  const found: string[] = []
  for await (const { cid, bytes: block } of reader.blocks()) {
    expect(createHash('sha256').update(block).digest()).toEqual(
      Buffer.from(digestFromCid(cid.toString() as Cid)),
    )
    found.push(cid.toString())
  }
  return { roots: (await reader.getRoots()).map(String), blocks: found, reader }
}
const directoryOf = async (root: Cid) => orThrow(await walkDirectory(root, cid => blocks.get(cid)))
const leavesOf = async (root: Cid, path: string) =>
  (await directoryOf(root)).files.get(path)?.leaves.map(leaf => leaf.cid) ?? []

describe('the trustless gateway of a host', () => {
  it('gives a free film to a client of IPFS that checks every block', async () => {
    const helia = withHTTP(createHeliaLight(), {
      delegatedRouters: [],
      recursiveGateways: [server.url],
      allowLocal: true,
      allowInsecure: true,
    })
    // A routing of nothing but fallbacks never ends its search: one that knows nobody ends it.
    helia.addRouter({ name: 'nobody', async *findProviders() {} })
    const verified = await createVerifiedFetch(await helia.start())
    try {
      for (const [path, bytes] of free) {
        const response = await verified(`ipfs://${gift}/${path}`, { session: false })
        expect(response.status).toBe(200)
        expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
      }
      const tail = await verified(`ipfs://${gift}/v720/1.m4s`, {
        session: false,
        headers: { range: 'bytes=-10' },
      })
      expect(await bytesOf(tail)).toEqual(free.get('v720/1.m4s')?.slice(-10))
    } finally {
      await verified.stop()
    }
  })

  it('gives a block by its CID, with what caches and pages need', async () => {
    const [leaf = gift] = await leavesOf(gift, 'v720/2.m4s')
    const response = await ask(`${leaf}?format=raw`)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'cache-control': expect.stringMatching(/^public, max-age=\d+, immutable$/),
      'content-disposition': `attachment; filename="${leaf}.bin"`,
      'content-length': String(leafBytes),
      'content-type': 'application/vnd.ipld.raw',
      etag: `"${leaf}.raw"`,
      'x-content-type-options': 'nosniff',
      'x-ipfs-path': `/ipfs/${leaf}`,
      'x-ipfs-roots': leaf,
    })
    expect(response.headers.get('access-control-expose-headers')).toContain('ETag')
    expect(
      cidFromDigest(
        'raw',
        createHash('sha256')
          .update(await bytesOf(response))
          .digest(),
      ),
    ).toBe(leaf)
    const byAccept = await ask(leaf, { accept: 'text/html, application/vnd.ipld.raw;q=0.9' })
    expect((await bytesOf(byAccept)).length).toBe(leafBytes)
  })

  it('names the same block however its CID is written', async () => {
    const written = CID.parse(gift).toString(base58btc)
    expect((await ask(`${written}?format=raw`)).status).toBe(200)
    expect(
      (await ask(`${base58btc.encode(CID.parse(gift).multihash.bytes).slice(1)}?format=raw`)).status,
    ).toBe(200)
  })

  it('answers the empty identity that gateways are probed with', async () => {
    const response = await ask('bafkqaaa', { accept: 'application/vnd.ipld.raw' })
    expect([response.status, (await bytesOf(response)).length]).toEqual([200, 0])
  })

  it('gives parts of a block, and says what it cannot give', async () => {
    const [leaf = gift] = await leavesOf(gift, 'v720/2.m4s')
    const whole = free.get('v720/2.m4s') ?? new Uint8Array()
    for (const [range, start, end] of [
      ['bytes=5-9', 5, 10],
      ['bytes=262140-', 262_140, leafBytes],
      ['bytes=-3', leafBytes - 3, leafBytes],
      ['bytes=262140-999999', 262_140, leafBytes],
    ] as const) {
      const response = await ask(`${leaf}?format=raw`, { range })
      expect([response.status, response.headers.get('content-range')]).toEqual([
        206,
        `bytes ${start}-${end - 1}/${leafBytes}`,
      ])
      expect(await bytesOf(response)).toEqual(whole.slice(start, end))
    }
    const beyond = await ask(`${leaf}?format=raw`, { range: 'bytes=262144-' })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${leafBytes}`])
  })

  it('sends nothing to who has it already, and no body for HEAD', async () => {
    for (const path of [
      `${gift}?format=raw`,
      `${gift}?format=car`,
      `${gift}/v720?format=car&dag-scope=entity`,
    ]) {
      const head = await ask(path, {}, 'HEAD')
      expect([head.status, (await bytesOf(head)).length]).toEqual([200, 0])
      const etag = head.headers.get('etag') ?? ''
      const again = await ask(path, { 'if-none-match': `"other", ${etag}` })
      expect([again.status, again.headers.get('etag')]).toEqual([304, etag])
      expect((await ask(path, { 'if-none-match': '*' })).status).toBe(304)
      const whole = await ask(path, { 'if-none-match': '"other"' })
      expect(whole.status).toBe(200)
      expect((await bytesOf(whole)).length).toBe(Number(head.headers.get('content-length')))
    }
  })

  it('gives a whole directory as a CAR, every block once, depth first', async () => {
    const response = await ask(`${gift}?format=car`)
    expect(response.headers.get('content-type')).toBe(
      'application/vnd.ipld.car; version=1; order=dfs; dups=n',
    )
    expect(response.headers.get('etag')).toMatch(/^W\/"/)
    const car = await carOf(response)
    const { nodes, leaves } = await directoryOf(gift)
    expect(car.roots).toEqual([gift])
    expect(car.blocks[0]).toBe(gift)
    expect([...car.blocks].sort()).toEqual([...nodes, ...leaves.map(leaf => leaf.cid)].sort())
  })

  it.each([
    ['?format=car&dag-scope=block', []],
    ['?format=car&dag-scope=entity', []],
    ['/v720/2.m4s?format=car', ['v720/2.m4s', 0, 2]],
    ['/v720/1.m4s?format=car&dag-scope=block', []],
    ['/v720/1.m4s?format=car&entity-bytes=0:9', ['v720/1.m4s', 0, 1]],
    ['/v720/1.m4s?format=car&entity-bytes=262144:*', ['v720/1.m4s', 1, 3]],
    ['/v720/1.m4s?format=car&dag-scope=entity&entity-bytes=-5:-1', ['v720/1.m4s', 2, 3]],
  ] as const)('gives only what %s wants, and the way to it', async (path, [file, from, to]) => {
    const car = await carOf(await ask(`${gift}${path}`))
    const leaves = file === undefined ? [] : (await leavesOf(gift, file)).slice(from, to)
    const { nodes } = await directoryOf(gift)
    expect(car.blocks.filter(cid => !nodes.includes(cid as Cid))).toEqual(leaves)
    expect(car.blocks[0]).toBe(gift)
    const steps = path.split('?')[0]?.split('/').length ?? 0
    expect(car.blocks.length - leaves.length).toBe(steps)
  })

  it('asks payment for what is sold, and gives its head to everybody', async () => {
    const [first = film, second = film] = await leavesOf(film, 'v720/1.m4s')
    const refused = await ask(`${second}?format=raw`)
    expect([refused.status, await refused.json()]).toEqual([402, { code: 'payment-required' }])
    expect(refused.headers.get('cache-control')).toBe('no-store')
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    for (const path of ['?format=car', '/v720/1.m4s?format=car', '/v720/2.m4s?format=car&entity-bytes=0:0'])
      expect((await ask(`${film}${path}`)).status).toBe(402)
    for (const path of [
      `${film}?format=raw`,
      `${first}?format=raw`,
      `${film}/manifest.mpd?format=car`,
      `${film}/v720/init.mp4?format=car`,
      `${film}/v720/1.m4s?format=car&entity-bytes=0:100`,
      `${film}?format=car&dag-scope=entity`,
    ])
      expect((await ask(path)).status).toBe(200)
  })

  it('asks what a film costs once for many blocks, and never for what is free anyway', async () => {
    asked.length = 0
    for (const leaf of await leavesOf(film, 'v720/2.m4s')) await ask(`${leaf}?format=raw`)
    await ask(`${film}/manifest.mpd?format=car`)
    expect(asked.length).toBeLessThanOrEqual(1)
  })

  it.each([
    ['bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?format=raw', 404, 'not-replicated'],
    ['GIFT/v720/9.m4s?format=car', 404, 'path-unknown'],
    ['GIFT/manifest.mpd?format=raw', 400, 'request-malformed'],
    ['GIFT', 400, 'request-malformed'],
    ['GIFT?format=tar', 400, 'request-malformed'],
    ['GIFT?format=car&car-version=2', 400, 'request-malformed'],
    ['GIFT?format=car&dag-scope=some', 400, 'request-malformed'],
    ['GIFT?format=car&entity-bytes=a:b', 400, 'request-malformed'],
    ['no-cid?format=raw', 400, 'request-malformed'],
    ['%E0%A4%A/x?format=car', 400, 'request-malformed'],
  ])('refuses %s', async (path, status, code) => {
    const response = await ask(path.replace('GIFT', gift))
    expect([response.status, await response.json()]).toEqual([status, { code }])
  })
})

describe('free blocks', () => {
  it('slow a network down that asks for more than its rate', async () => {
    const waits: number[] = []
    let nowMs = 0
    const clock = {
      nowMs: () => nowMs,
      sleep: async (ms: number) => {
        waits.push(ms)
        nowMs += ms
      },
    }
    const one = { bytesPerSecond: leafBytes, burstBytes: leafBytes }
    const all = { bytesPerSecond: 1e9, burstBytes: 1e9 }
    const slow = new FreeBlocks({
      blocks,
      clock,
      shelf: new DirectoryShelf(blocks),
      rates: new RateBound({ clock, each: one, all }),
      roots: async () => [gift],
      isFree: async () => true,
    })
    const signal = new AbortController().signal
    const [leaf = gift] = await leavesOf(gift, 'v720/1.m4s')
    await slow.read(leaf, '192.0.2.1', signal)
    expect(waits).toEqual([])
    await slow.read(leaf, '192.0.2.77', signal)
    expect(waits).toEqual([1000])
    await slow.read(leaf, '198.51.100.1', signal)
    expect(waits).toEqual([1000])
  })

  it('are looked up again when more is kept', async () => {
    let nowMs = 0
    const kept: Cid[] = []
    const all = { bytesPerSecond: 1e9, burstBytes: 1e9 }
    const clock = { nowMs: () => nowMs, sleep: async () => {} }
    const some = new FreeBlocks({
      blocks,
      clock,
      shelf: new DirectoryShelf(blocks),
      rates: new RateBound({ clock, each: all, all }),
      roots: async () => [...kept],
      isFree: async () => true,
    })
    const signal = new AbortController().signal
    await expect(some.check(gift, gift, signal)).rejects.toMatchObject({ code: 'not-replicated' })
    kept.push(gift)
    nowMs += 1_000
    await some.check(gift, gift, signal)
    kept.length = 0
    nowMs += 1_000
    await expect(some.check(gift, gift, signal)).rejects.toMatchObject({ code: 'not-replicated' })
  })
})
