import { encode, type PBLink, prepare } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import { sha256 } from '#protocol/hash.ts'
import type { Cid } from '#std/brand.ts'
import { type MediaDirectory, walkDirectory } from './dag.ts'
import { leafBytes, walkLimits } from './limits.ts'

const store = new Map<Cid, Uint8Array>()
const get = (cid: Cid) => store.get(cid)

const leaf = (size: number, fill = 1): PBLink => {
  const cid = cidFromDigest('raw', sha256(new Uint8Array(size).fill(fill)))
  return { Name: '', Hash: CID.parse(cid), Tsize: size }
}

const node = (data: UnixFS, links: PBLink[], sort = true): PBLink => {
  const bytes = sort ? encode(prepare({ Data: data.marshal(), Links: links })) : encodeUnsorted(data, links)
  const cid = cidFromDigest('dag-pb', sha256(bytes))
  store.set(cid, bytes)
  return { Name: '', Hash: CID.parse(cid), Tsize: bytes.length }
}

/** dag-pb refuses to encode links out of order, so a liar's node is put together from single ones. */
const encodeUnsorted = (data: UnixFS, links: PBLink[]): Uint8Array => {
  const linkParts = links.map(link => encode(prepare({ Links: [link] })))
  const dataPart = encode({ Data: data.marshal(), Links: [] })
  return Uint8Array.from([...linkParts, dataPart].flatMap(part => [...part]))
}

const named = (name: string, link: PBLink): PBLink => ({ ...link, Name: name })
const file = (links: PBLink[], sizes = links.map(link => link.Tsize ?? 0)): PBLink =>
  node(new UnixFS({ type: 'file', blockSizes: sizes.map(BigInt) }), links)
const folder = (links: PBLink[], sort = true): PBLink => node(new UnixFS({ type: 'directory' }), links, sort)
const rootOf = (link: PBLink): Cid => link.Hash.toString() as Cid

const walk = (link: PBLink, limits = walkLimits) => walkDirectory(rootOf(link), get, limits)
const read = async (link: PBLink): Promise<MediaDirectory> => {
  const walked = await walk(link)
  if (!walked.ok) throw new Error(JSON.stringify(walked.error))
  return walked.value
}
const expectOdd = async (link: PBLink, reason: string, limits = walkLimits) =>
  expect(await walk(link, limits)).toMatchObject({
    ok: false,
    error: { code: 'directory-malformed', details: { reason } },
  })

describe('walkDirectory', () => {
  it('names the unique leaves depth first in link order, and places each file on them', async () => {
    const shared = leaf(10, 7)
    const long = file([leaf(leafBytes, 1), leaf(leafBytes, 2), shared])
    const directory = await read(
      folder([
        named('a128', folder([named('1.m4s', long)])),
        named('manifest.mpd', shared),
        named('z', leaf(3)),
      ]),
    )
    expect(directory.leaves.map(({ index, size }) => [index, size])).toEqual([
      [0, leafBytes],
      [1, leafBytes],
      [2, 10],
      [3, 3],
    ])
    expect([...directory.files.keys()]).toEqual(['a128/1.m4s', 'manifest.mpd', 'z'])
    expect(directory.files.get('a128/1.m4s')?.leaves.map(({ offset, index }) => [offset, index])).toEqual([
      [0, 0],
      [leafBytes, 1],
      [2 * leafBytes, 2],
    ])
    expect(directory.files.get('manifest.mpd')).toEqual({
      size: 10,
      leaves: [{ ...directory.leaves[2], offset: 0 }],
    })
    expect(directory.nodes).toHaveLength(3)
  })

  it('never asks for a raw leaf', async () => {
    const asked: Cid[] = []
    const root = rootOf(folder([named('a', leaf(5)), named('b', file([leaf(leafBytes), leaf(4)]))]))
    const walked = await walkDirectory(root, cid => {
      asked.push(cid)
      return get(cid)
    })
    expect(walked.ok).toBe(true)
    expect(asked).toHaveLength(2)
    expect(asked.every(cid => cid.startsWith('bafybei'))).toBe(true)
  })

  it('says which node is absent', async () => {
    const lost = folder([named('lost', leaf(9))])
    const root = folder([named('x', lost)])
    store.delete(rootOf(lost))
    expect(await walk(root)).toMatchObject({
      ok: false,
      error: { code: 'block-absent', details: { cid: rootOf(lost) } },
    })
  })

  it('lets what the getter throws pass', async () => {
    const root = rootOf(folder([]))
    await expect(walkDirectory(root, () => Promise.reject(new Error('offline')))).rejects.toThrow('offline')
  })

  it('refuses names that could leave the folder or read differently elsewhere', async () => {
    for (const name of ['', '..', '.hidden', 'a/b', 'a b', 'ä', '%2e', 'x'.repeat(129)])
      await expectOdd(folder([named(name, leaf(1))]), 'bad name')
  })

  it('refuses repeated names and names out of order', async () => {
    await expectOdd(folder([named('a', leaf(1)), named('a', leaf(2))]), 'names out of order')
    await expectOdd(folder([named('b', leaf(1)), named('a', leaf(2))], false), 'names out of order')
  })

  it('refuses sizes that contradict each other', async () => {
    await expectOdd(
      folder([named('f', file([leaf(leafBytes), leaf(4)], [leafBytes, 5]))]),
      'two sizes for one leaf',
    )
    await expectOdd(folder([named('f', file([leaf(4)], [4, 4]))]), 'sizes do not fit links')
    await expectOdd(folder([named('f', file([file([leaf(4)])], [5]))]), 'sizes do not add up')
    await expectOdd(
      folder([named('a', leaf(4)), named('b', { ...leaf(4), Tsize: 5 })]),
      'two sizes for one leaf',
    )
  })

  it('refuses leaves of other sizes than the layout has', async () => {
    await expectOdd(folder([named('f', leaf(leafBytes + 1))]), 'leaf of a wrong size')
    await expectOdd(folder([named('f', { ...leaf(4), Tsize: 0 })]), 'leaf of a wrong size')
    await expectOdd(folder([named('f', file([leaf(3), leaf(4)]))]), 'short leaf inside a file')
  })

  it('refuses what is neither a flat directory nor a file of raw leaves', async () => {
    await expectOdd(leaf(3), 'not a directory')
    await expectOdd(file([leaf(3)]), 'not a directory')
    const link = node(new UnixFS({ type: 'symlink', data: new Uint8Array([1]) }), [])
    await expectOdd(folder([named('link', link)]), 'neither file nor directory')
    const inline = node(new UnixFS({ type: 'file', data: new Uint8Array([1]) }), [])
    await expectOdd(folder([named('inline', inline)]), 'bytes in an inner node')
    await expectOdd(node(new UnixFS({ type: 'hamt-sharded-directory' }), []), 'not a directory')
    const v0 = CID.createV0(folder([]).Hash.multihash as Parameters<typeof CID.createV0>[0])
    await expectOdd(
      folder([{ Name: 'v0', Hash: v0, Tsize: 1 }]),
      'link to a block that is neither raw nor dag-pb',
    )
    const noise = cidFromDigest('dag-pb', sha256(Uint8Array.of(255)))
    store.set(noise, Uint8Array.of(255))
    await expectOdd({ Name: '', Hash: CID.parse(noise) }, 'not UnixFS in dag-pb')
    expect(await walkDirectory('bafy' as Cid, get)).toMatchObject({ error: { code: 'cid-malformed' } })
  })

  it('stops at its limits, however often one subtree is linked', async () => {
    let link = folder([named('leaf', leaf(1))])
    for (let depth = 0; depth < 12; depth++)
      link = folder([named('a', link), named('b', link), named('c', link)])
    await expectOdd(link, 'too many nodes', { ...walkLimits, nodes: 1000 })
    await expectOdd(link, 'too many names', { ...walkLimits, names: 1000 })
    await expectOdd(link, 'too many leaves', { ...walkLimits, leaves: 1000 })
    await expectOdd(link, 'too deep', { ...walkLimits, depth: 11 })
    await expectOdd(link, 'node too large', { ...walkLimits, nodeBytes: 20 })
  })
})
