import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { close, createWriter, headerLength } from '@ipld/car/buffer-writer'
import { varint } from 'multiformats'
import { CID } from 'multiformats/cid'
import { type DagBlock, listPart } from '#media/dag-part.ts'
import { bytesFromCid, cidLength } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { FreeBlocks } from './free-blocks.ts'
import { type GatewayRequest, parseGatewayRequest } from './gateway-request.ts'

/** The IPFS trustless gateway (specs.ipfs.tech/http-gateways/trustless-gateway) over what is free here. */
export type Gateway = { readonly free: FreeBlocks; readonly blocks: Blocks }

type RawRequest = Extract<GatewayRequest, { readonly format: 'raw' }>
type CarRequest = Extract<GatewayRequest, { readonly format: 'car' }>

const exposed = 'Content-Length, Content-Range, ETag, X-Content-Type-Options, X-Ipfs-Path, X-Ipfs-Roots'
const cors = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': exposed,
  'access-control-allow-private-network': 'true',
}
const immutable = 'public, max-age=29030400, immutable'
const rawType = 'application/vnd.ipld.raw'
const carType = 'application/vnd.ipld.car; version=1; order=dfs; dups=n'

/** Answers a request for `/ipfs/…`; throws ParatiiError to refuse. */
export const answerGateway = async (
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  const asked = parseGatewayRequest(request.method ?? '', request.url ?? '', request.headers)
  const peer = request.socket.remoteAddress ?? ''
  const { free, blocks } = gateway
  if (asked.format === 'raw') {
    const { root } = asked
    if (root instanceof Uint8Array) return sendRaw(response, asked, 'identity', async () => root)
    await free.check(root, root, signal)
    return sendRaw(response, asked, root, () => free.read(root, peer, signal))
  }
  const { root, names, scope, bytes } = asked
  await free.check(root, root, signal)
  const part = orThrow(await listPart(root, names, scope, bytes, cid => blocks.get(cid)))
  for (const { cid, isLeaf } of part.blocks) if (isLeaf) await free.check(cid, root, signal)
  await sendCar(response, asked, part, cid => free.read(cid, peer, signal), signal)
}

const headersOf = (asked: GatewayRequest, name: string, roots: readonly string[], etag: string) => ({
  ...cors,
  'cache-control': immutable,
  'content-disposition': `attachment; filename="${name}.${asked.format === 'raw' ? 'bin' : 'car'}"`,
  'content-type': asked.format === 'raw' ? rawType : carType,
  etag,
  'x-content-type-options': 'nosniff',
  'x-ipfs-path': asked.path,
  'x-ipfs-roots': roots.join(','),
})

/** True when the client's copy is good, which was then said. */
const isKnown = (
  response: ServerResponse,
  { ifNoneMatch }: GatewayRequest,
  headers: ReturnType<typeof headersOf>,
): boolean => {
  const strong = headers.etag.replace(/^W\//, '')
  if (!ifNoneMatch.includes('*') && !ifNoneMatch.includes(strong)) return false
  const { 'content-type': _, 'content-disposition': __, ...rest } = headers
  response.writeHead(304, rest).end()
  return true
}

const sendRaw = async (
  response: ServerResponse,
  asked: RawRequest,
  name: string,
  read: () => Promise<Uint8Array>,
): Promise<void> => {
  const headers = { ...headersOf(asked, name, [asked.cid], `"${name}.raw"`), 'accept-ranges': 'bytes' }
  if (isKnown(response, asked, headers)) return
  const bytes = await read()
  const range = rangeOf(asked.range, bytes.length)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...cors, 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: bytes.length }
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    'content-length': end - start,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
  })
  response.end(asked.isHead ? undefined : bytes.subarray(start, end))
}

/** The part that a `Range` header asks for; several parts, or what is no range, is answered with the whole, as HTTP allows. */
const rangeOf = (header: string | undefined, size: number) => {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  return start < end ? { start, end } : ('unsatisfiable' as const)
}

const sendCar = async (
  response: ServerResponse,
  asked: CarRequest,
  part: { readonly target: Cid; readonly trail: readonly Cid[]; readonly blocks: readonly DagBlock[] },
  read: (cid: Cid) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<void> => {
  const { path, scope, bytes: wanted } = asked
  const variant = createHash('sha256')
    .update(JSON.stringify([path, scope, wanted]))
    .digest('hex')
    .slice(0, 16)
  const headers = {
    ...headersOf(asked, part.target, part.trail, `W/"${part.target}.car.${variant}"`),
    'accept-ranges': 'none',
  }
  if (isKnown(response, asked, headers)) return
  const head = carHeader(asked.root)
  const length = part.blocks.reduce((sum, { size }) => sum + sectionLength(size), head.length)
  response.writeHead(200, { ...headers, 'content-length': length })
  if (asked.isHead) {
    response.end()
    return
  }
  response.write(head)
  for (const { cid, size } of part.blocks) {
    const bytes = await read(cid)
    // What was announced is what is sent: a block of another length must not shift those behind it.
    if (bytes.length !== size) throw new ParatiiError('store-failed', { cid, bytes: bytes.length })
    response.cork()
    response.write(sectionStart(cid, size))
    const hasRoom = response.write(bytes)
    response.uncork()
    if (!hasRoom) await drained(response, signal)
  }
  response.end()
}

const carHeader = (root: Cid): Uint8Array => {
  const roots = [CID.parse(root)]
  return close(createWriter(new ArrayBuffer(headerLength({ roots })), { roots }))
}

const sectionLength = (size: number): number => {
  const rest = cidLength + size
  return varint.encodingLength(rest) + rest
}

/** What stands before the bytes of a block in a CAR: the length of CID and bytes, and the CID. */
const sectionStart = (cid: Cid, size: number): Uint8Array => {
  const rest = cidLength + size
  const start = new Uint8Array(varint.encodingLength(rest) + cidLength)
  varint.encodeTo(rest, start)
  start.set(bytesFromCid(cid), start.length - cidLength)
  return start
}

/** Resolves when more may be written; rejects when the reader went away. */
const drained = (response: ServerResponse, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) return abort()
    response.once('drain', () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
  })
