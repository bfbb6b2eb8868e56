import * as v from 'valibot'
import { failureOf } from '#bridge/failure.ts'
import { pathField } from '#bridge/shapes.ts'
import { streamPrefix as prefix, streamStatusOf } from '#bridge/stream.ts'
import { purchaseNonceField } from '#protocol/fields.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { ParatiiError, textOf } from '#std/error.ts'
import type { AskedRange } from './byte-range.ts'
import { parseRange } from './byte-range.ts'
import type { FetchHandler, PageRequest } from './fetch-handlers.ts'
import type { OpenedStream } from './stream-reader.ts'

type StreamPorts = {
  readonly allows: (clientId: string, purchase: PurchaseNonce) => Promise<boolean>
  /** Verified bytes from the node. Throws ParatiiError. */
  readonly open: (
    purchase: PurchaseNonce,
    path: string,
    range: AskedRange | undefined,
  ) => Promise<OpenedStream>
}

/** `/stream/<purchase>/<path>`: the verified bytes of a file of a bought video, whole or a range of them. */
export const createStreamHandler = (ports: StreamPorts): FetchHandler => ({
  canHandle: ({ url }) => url.pathname.startsWith(prefix),
  async handle(asked) {
    try {
      return await stream(ports, asked)
    } catch (thrown) {
      return refusal(thrown)
    }
  },
})

async function stream(ports: StreamPorts, { request, url, clientId }: PageRequest): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
  const { purchase, path } = parseTarget(url.pathname)
  if (!(await ports.allows(clientId, purchase))) throw new ParatiiError('not-permitted')
  const range = parseRange(request.headers.get('range'))
  const { head, body } = await ports.open(purchase, path, range)
  const headers = new Headers({
    'content-type': head.contentType,
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
  })
  headers.set('content-length', String(head.end - head.start))
  const isPart = range !== undefined
  if (isPart) headers.set('content-range', `bytes ${head.start}-${head.end - 1}/${head.size}`)
  const status = isPart ? 206 : 200
  if (request.method === 'GET') return new Response(body, { status, headers })
  await body.cancel()
  return new Response(null, { status, headers })
}

function parseTarget(pathname: string): { readonly purchase: PurchaseNonce; readonly path: string } {
  const rest = pathname.slice(prefix.length)
  const slash = rest.indexOf('/')
  const purchase = v.safeParse(purchaseNonceField, rest.slice(0, slash))
  const path = v.safeParse(pathField, rest.slice(slash + 1))
  if (slash < 0 || !purchase.success || !path.success) throw new ParatiiError('request-malformed')
  return { purchase: purchase.output, path: path.output }
}

function refusal(thrown: unknown): Response {
  const failure = failureOf(thrown)
  const { code, details } = failure
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (code === 'range-invalid' && typeof details.size === 'number')
    headers.set('content-range', `bytes */${details.size}`)
  return Response.json({ ...failure, text: textOf(code) }, { status: streamStatusOf(code), headers })
}
