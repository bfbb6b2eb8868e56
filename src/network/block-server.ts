import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cid, VideoId } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { answerGateway, type Gateway } from './gateway.ts'
import { statusOf } from './http-status.ts'
import { type LeafFeed, SendBuffers, sendLeaves } from './leaf-sender.ts'

/** What a daemon serves over its data plane. All of them throw ParatiiError to refuse. */
export type BlockSource = {
  /** The publisher's signed host list of a video (signed content). */
  hosts(video: VideoId, signal: AbortSignal): Promise<Uint8Array>
  /** The free head of a directory: a CAR. `peer` is the asker's IP address, for rates. */
  head(root: Cid, peer: string, signal: AbortSignal): Promise<Uint8Array>
  /** What everybody may have by IPFS's own gateway protocol, if anything. */
  readonly gateway?: Gateway
  /** Checks a request for leaves (`target` is path and query as they came) and opens what it may have. */
  open(target: string, signal: AbortSignal): Promise<LeafFeed>
}

export type BlockServerOptions = {
  readonly source: BlockSource
  /** IP address to listen on. */
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly maxConnections?: number
  /** Told of what was our fault; never of peers' mistakes. */
  onFault?(error: ParatiiError): void
}

export type BlockServer = {
  /** Base URL as listened on, without a trailing slash. */
  readonly url: string
  /** Stops listening and ends what is under way. */
  stop(): Promise<void>
}

const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'content-length',
  // Chrome's Private Network Access: a public page's extension may ask a host on the local network.
  'access-control-allow-private-network': 'true',
}
const preflightHeaders = {
  ...corsHeaders,
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': 'Accept, Cache-Control, Content-Type, If-None-Match, Range',
  'access-control-max-age': '86400',
}
const maxTargetLength = 8192
const videoPattern = /^\/paratii\/1\/hosts\/(0x[0-9a-f]{64})$/
const headPattern = /^\/paratii\/1\/head\/(b[a-z2-7]{58})$/

/** Starts the HTTP data plane of protocol.md on `node:http`. */
export const startBlockServer = async (options: BlockServerOptions): Promise<BlockServer> => {
  const stopping = new AbortController()
  const memory = new SendBuffers()
  const server = createServer(
    { noDelay: true, requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 60_000 },
    (request, response) => void answer(options, request, response, memory, stopping.signal),
  )
  server.maxConnections = options.maxConnections ?? 4096
  await listen(server, options.host, options.port)
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async stop() {
      stopping.abort(new ParatiiError('stopping'))
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

const answer = async (
  { source, onFault }: BlockServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  memory: SendBuffers,
  stopping: AbortSignal,
): Promise<void> => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, stopping])
  try {
    await route(source, request, response, memory, signal)
  } catch (thrown) {
    const error = errorFrom(thrown)
    refuse(response, error)
    if (statusOf(error.code) === 500 && !gone.signal.aborted) onFault?.(error)
  }
}

const route = async (
  source: BlockSource,
  request: IncomingMessage,
  response: ServerResponse,
  memory: SendBuffers,
  signal: AbortSignal,
) => {
  const target = request.url ?? ''
  if (request.method === 'OPTIONS') {
    response.writeHead(204, preflightHeaders).end()
    return
  }
  const isGateway = target.startsWith('/ipfs/')
  if (
    (request.method !== 'GET' && !(isGateway && request.method === 'HEAD')) ||
    target.length > maxTargetLength
  )
    throw new ParatiiError('request-malformed')
  if (isGateway && source.gateway !== undefined)
    return answerGateway(source.gateway, request, response, signal)
  const video = videoPattern.exec(target)?.[1]
  if (video !== undefined) return sendWhole(response, await source.hosts(video as VideoId, signal), noStore)
  const root = headPattern.exec(target)?.[1]
  if (root !== undefined) {
    const peer = request.socket.remoteAddress ?? ''
    return sendWhole(response, await source.head(root as Cid, peer, signal), carHeaders)
  }
  if (!target.startsWith('/paratii/1/blocks?')) throw new ParatiiError('request-malformed')
  const feed = await source.open(target, signal)
  const headers = { ...corsHeaders, ...noStore, 'content-type': 'application/octet-stream' }
  await sendLeaves(response, { ...headers, 'content-length': feed.byteLength }, feed, memory, signal)
}

const noStore = { 'cache-control': 'no-store' }
const carHeaders = {
  'cache-control': 'public, max-age=31536000, immutable',
  'content-type': 'application/vnd.ipld.car',
}

const sendWhole = (response: ServerResponse, body: Uint8Array, headers: Record<string, string>): void => {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    ...corsHeaders,
    ...headers,
    'content-length': body.length,
  })
  response.end(body)
}

/** Peers get a status and a code, nothing of our insides. After the head is out, all that is left is to cut. */
const refuse = (response: ServerResponse, error: ParatiiError): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = JSON.stringify({ code: error.code })
  response.writeHead(statusOf(error.code), {
    ...corsHeaders,
    ...noStore,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}
