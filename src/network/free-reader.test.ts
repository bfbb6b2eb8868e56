import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CID } from 'multiformats/cid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { importDirectory } from '#media/import-directory.ts'
import { leafBytes } from '#media/limits.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import { FreeReader } from './free-reader.ts'
import { sha256 } from './sha256.ts'

const blocks = createMemoryBlocks()
const never = new AbortController().signal
const long = Uint8Array.from(
  { length: 2 * leafBytes + 5 },
  (_, at) => Math.imul(at + 7, 2_654_435_761) >>> 24,
)
const short = new TextEncoder().encode('a few words')

/** A gateway that gives what `answer` makes of a block; 402 for none. */
async function openGateway(answer: (bytes: Uint8Array) => Uint8Array | undefined) {
  const asked: string[] = []
  const server: Server = createServer(async (request, response) => {
    const cid = new URL(request.url ?? '', 'http://x').pathname.split('/')[2] ?? ''
    asked.push(cid)
    const block = await blocks.get(cid as Cid)
    const body = block === undefined ? undefined : answer(block)
    if (body === undefined) response.writeHead(402).end('{"code":"payment-required"}')
    else response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { asked, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
type Gateway = Awaited<ReturnType<typeof openGateway>>

describe('reading what is free', () => {
  let root: Cid
  let honest: Gateway
  let liar: Gateway
  let miser: Gateway
  beforeAll(async () => {
    const files = Object.entries({ 'film/1.bin': long, 'film/readme.txt': short })
    root = orThrow(
      await importDirectory(
        files.map(([path, bytes]) => ({
          path,
          content: (async function* () {
            yield bytes
          })(),
        })),
        blocks,
      ),
    )
    honest = await openGateway(bytes => bytes)
    liar = await openGateway(bytes => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)))
    miser = await openGateway(() => undefined)
  })
  afterAll(() => {
    for (const { server } of [honest, liar, miser]) server.close()
  })

  const readerOf = (...gateways: Gateway[]) =>
    new FreeReader({ sources: async () => gateways.map(({ url }) => url) })
  const readWhole = async (reader: FreeReader, cid: string, path: string[]) => {
    const parts: Uint8Array[] = []
    for (let offset = 0; ; ) {
      const { bytes, size } = await reader.read(cid, path, offset, never)
      parts.push(bytes)
      offset += bytes.length
      if (offset >= size) return Buffer.concat(parts)
    }
  }

  it('puts a file of several leaves together, piece by piece, from any place in it', async () => {
    const reader = readerOf(honest)
    expect((await readWhole(reader, root, ['film', '1.bin'])).equals(long)).toBe(true)
    const { bytes, size } = await reader.read(root, ['film', '1.bin'], leafBytes + 3, never)
    expect(size).toBe(long.length)
    expect(Buffer.from(bytes).equals(long.subarray(leafBytes + 3, 2 * leafBytes))).toBe(true)
    expect((await readWhole(reader, root, ['film', 'readme.txt'])).toString()).toBe('a few words')
  })

  it('takes a CID in any base, of a leaf as well', async () => {
    const leaf = cidFromDigest('raw', new Uint8Array(await sha256(short)))
    const { base58btc } = await import('multiformats/bases/base58')
    const other = CID.parse(leaf).toString(base58btc)
    expect((await readWhole(readerOf(honest), other, [])).toString()).toBe('a few words')
  })

  it('believes nobody: a block that is another is not passed on, and the next is asked', async () => {
    expect((await readWhole(readerOf(liar, miser, honest), root, ['film', '1.bin'])).equals(long)).toBe(true)
    expect(liar.asked.length).toBeGreaterThan(0)
    await expect(readerOf(liar).read(root, ['film', '1.bin'], 0, never)).rejects.toMatchObject({
      code: 'block-absent',
      details: { last: 'block-mismatch' },
    })
    await expect(readerOf(miser).read(root, [], 0, never)).rejects.toMatchObject({
      code: 'block-absent',
      details: { last: 'payment-required' },
    })
  })

  it.each<[string, readonly string[], number, string]>([
    ['root', ['film', 'absent'], 0, 'path-unknown'],
    ['root', ['film'], 0, 'path-unknown'],
    ['root', ['film', 'readme.txt', 'deeper'], 0, 'path-unknown'],
    ['root', ['film', '1.bin'], long.length, 'range-invalid'],
    ['root', ['film', 'readme.txt'], short.length + 1, 'range-invalid'],
    ['not a cid', [], 0, 'cid-malformed'],
    ['bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku', [], 0, 'cid-malformed'],
  ])('says what is wrong: %s %j from %d is %s', async (cid, path, offset, code) => {
    const reading = readerOf(honest).read(cid === 'root' ? root : cid, path, offset, never)
    await expect(reading).rejects.toBeInstanceOf(ParatiiError)
    await expect(reading).rejects.toMatchObject({ code })
  })
})
