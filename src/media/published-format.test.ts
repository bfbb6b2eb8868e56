import { describe, expect, it } from 'vitest'
import { sha256 } from '#protocol/hash.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import { checkBlock } from './block-check.ts'
import { contentTypeOf } from './content-type.ts'
import { type MediaDirectory, walkDirectory } from './dag.ts'
import { headLeaves } from './head.ts'
import { decodeHead, encodeHead, maxHeadBytes } from './head-car.ts'
import { importDirectory } from './import-directory.ts'
import { leafBytes } from './limits.ts'
import { pathSize } from './path-size.ts'

const bytes = (size: number, fill: number) => new Uint8Array(size).fill(fill)

const publish = async (sizes: Record<string, number>) => {
  const stored = new Map<Cid, Uint8Array>()
  const files = Object.entries(sizes).map(([path, size], at) => ({
    path,
    content: (async function* () {
      yield bytes(size, at + 1)
    })(),
  }))
  const put = async (cid: Cid, block: Uint8Array) => void stored.set(cid, block.slice())
  const root = orThrow(await importDirectory(files, { put }))
  return { stored, directory: orThrow(await walkDirectory(root, cid => stored.get(cid))) }
}

const pathsOf = (directory: MediaDirectory, indices: ReadonlySet<number>) =>
  [...directory.files].flatMap(([path, { leaves }]) =>
    leaves.filter(l => indices.has(l.index)).map(l => `${path}+${l.offset}`),
  )

const ladder = {
  'manifest.mpd': 900,
  'master.m3u8': 300,
  'a128/index.m3u8': 210,
  'v720/index.m3u8': 220,
  'v360/index.m3u8': 230,
  'a128/init.mp4': 500,
  'a128/1.m4s': 64_000,
  'a64/1.m4s': 32_000,
  'v720/init.mp4': 700,
  'v720/1.m4s': leafBytes + 9,
  'v720/10.m4s': 40,
  'v360/init.mp4': 600,
  'v360/1.m4s': 5000,
  'v360/2.m4s': 6000,
}

describe('a published format', () => {
  it('is named by the same root whenever it is imported', async () => {
    const { directory } = await publish(ladder)
    expect(directory.root).toBe('bafybeic6kvyqnp5imsv5nt5rg2b33irlgpmjpfoyx3jgibxheigq7c7dwm')
  })

  it('gives everyone manifests, playlists, init segments and the first leaf of each rendition, nothing more', async () => {
    const { directory } = await publish({ ...ladder, 'x.m3u8.m4s': 34 })
    expect(pathsOf(directory, new Set(headLeaves(directory).map(leaf => leaf.index)))).toEqual([
      'a128/1.m4s+0',
      'a128/index.m3u8+0',
      'a128/init.mp4+0',
      'a64/1.m4s+0',
      'manifest.mpd+0',
      'master.m3u8+0',
      'v360/1.m4s+0',
      'v360/index.m3u8+0',
      'v360/init.mp4+0',
      'v720/1.m4s+0',
      'v720/index.m3u8+0',
      'v720/init.mp4+0',
    ])
  })

  it('is as large as its best video, best audio and all that is shared', async () => {
    const { directory } = await publish({ ...ladder, 'subtitles/en.vtt': 70 })
    expect(pathSize(directory)).toEqual({
      ok: true,
      value: 900 + 300 + 64_710 + 920 + leafBytes + 9 + 40 + 70,
    })
    const silent = await publish({ 'manifest.mpd': 10, 'v720/1.m4s': 20 })
    expect(pathSize(silent.directory)).toEqual({ ok: true, value: 30 })
    const absurd = await publish(
      Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`v${i}/1.m4s`, i + 1])),
    )
    expect(pathSize(absurd.directory)).toMatchObject({ error: { code: 'directory-malformed' } })
  })

  it('has an empty file without a leaf to pay for', async () => {
    const { directory } = await publish({ 'manifest.mpd': 10, 'v720/empty.vtt': 0 })
    expect(directory.files.get('v720/empty.vtt')).toEqual({ size: 0, leaves: [] })
    expect(directory.leaves).toHaveLength(1)
  })

  it('is not made of nothing', async () => {
    const none = await importDirectory([], { put: async () => undefined })
    expect(none).toMatchObject({ ok: false, error: { code: 'directory-malformed' } })
  })

  it('stops being imported when its person says so', async () => {
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const content = (async function* () {
      yield bytes(10, 1)
    })()
    const importing = importDirectory(
      [{ path: 'a', content }],
      { put: async () => undefined },
      { signal: stop.signal },
    )
    await expect(importing).rejects.toThrow('enough')
  })

  it('says how many bytes are stored while it is imported', async () => {
    const steps: number[] = []
    const content = (async function* () {
      yield bytes(leafBytes + 5, 1)
    })()
    await importDirectory(
      [{ path: 'a', content }],
      { put: async () => undefined },
      { onProgress: n => steps.push(n) },
    )
    expect(steps.at(-1)).toBe(leafBytes + 5)
    expect(steps).toHaveLength(2)
  })
})

describe('a head', () => {
  it('is refused when a block is missing, foreign or repeated, or the root is another', async () => {
    const { directory, stored } = await publish(ladder)
    const other = await publish({ 'v720/1.m4s': 3 })
    const car = await encodeHead(directory, cid => stored.get(cid))
    const otherCar = await encodeHead(other.directory, cid => other.stored.get(cid))
    if (!car.ok || !otherCar.ok) throw new Error('no head')
    // Sections of CARs can be put one after the other: 59 bytes of header are left out of the second.
    const sections = otherCar.value.subarray(59)
    const odd = { ok: false, error: { code: 'directory-malformed' } }
    expect(await decodeHead(directory.root, car.value, sha256)).toMatchObject({ ok: true })
    expect(await decodeHead(other.directory.root, car.value, sha256)).toMatchObject(odd)
    expect(await decodeHead(directory.root, join(car.value, sections), sha256)).toMatchObject(odd)
    expect(await decodeHead(directory.root, join(car.value, car.value.subarray(59)), sha256)).toMatchObject(
      odd,
    )
    expect(await decodeHead(directory.root, new Uint8Array(maxHeadBytes + 1), sha256)).toMatchObject(odd)
    const [, firstNode = directory.root] = directory.nodes
    stored.delete(firstNode)
    expect(await encodeHead(directory, cid => stored.get(cid))).toMatchObject({
      error: { code: 'block-absent' },
    })
  })

  const join = (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b])
})

describe('checkBlock', () => {
  it('takes the bytes that the name says and no others', async () => {
    const { directory, stored } = await publish({ a: 100 })
    const [leaf] = directory.leaves
    if (leaf === undefined) throw new Error('no leaf')
    const block = stored.get(leaf.cid) ?? bytes(0, 0)
    const subtle = async (part: Uint8Array) => crypto.subtle.digest('SHA-256', part.slice())
    expect(await checkBlock(leaf.cid, block, subtle, leaf.size)).toEqual({ ok: true, value: block })
    const wrong = { ok: false, error: { code: 'block-mismatch' } }
    expect(await checkBlock(leaf.cid, block.slice(1), subtle, leaf.size)).toMatchObject(wrong)
    expect(await checkBlock(leaf.cid, bytes(100, 9), subtle, leaf.size)).toMatchObject(wrong)
  })
})

describe('contentTypeOf', () => {
  it('goes by the ending', () => {
    expect(contentTypeOf('manifest.mpd')).toBe('application/dash+xml')
    expect(contentTypeOf('v720/1.M4S')).toBe('video/iso.segment')
    expect(contentTypeOf('v720/init.mp4')).toBe('video/mp4')
    expect(contentTypeOf('master.m3u8')).toBe('application/vnd.apple.mpegurl')
    expect(contentTypeOf('noending')).toBe('application/octet-stream')
  })
})
