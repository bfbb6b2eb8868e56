import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { errorFrom } from '#std/error.ts'

export type HealthOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Resolves if the daemon can do its work now; asked at each request. What it rejects with says why not. */
  readonly checkReadiness: (signal: AbortSignal) => Promise<void>
}

export type HealthServer = { readonly url: string; close(): Promise<void> }

const limits = { requestTimeout: 5000, headersTimeout: 5000, keepAliveTimeout: 1000 }
const readyWithinMs = 3000

/**
 * Answers `GET /healthz` (200 while the process lives) and `GET /readyz` (200, or 503 with an error code) for supervisors.
 * Throws `store-failed` if the port cannot be had.
 */
export const startHealthServer = async ({
  host,
  port,
  checkReadiness,
}: HealthOptions): Promise<HealthServer> => {
  const server = createServer(limits, async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(response, 405, { status: 'method not allowed' })
    if (request.url === '/healthz') return answer(response, 200, { status: 'ok' })
    if (request.url !== '/readyz') return answer(response, 404, { status: 'not found' })
    try {
      await checkReadiness(AbortSignal.timeout(readyWithinMs))
      answer(response, 200, { status: 'ready' })
    } catch (thrown) {
      answer(response, 503, { status: 'not ready', reason: errorFrom(thrown).code })
    }
  })
  server.maxConnections = 32
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (thrown) {
    throw errorFrom(thrown, 'store-failed')
  }
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const answer = (response: ServerResponse, status: number, body: Readonly<Record<string, string>>): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
