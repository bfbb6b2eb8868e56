/**
 * What the paid path is compared with: a bare `node:http` server of the files of one folder, a process of its own as
 * the host is. Prints its URL as JSON; ends on SIGTERM.
 *
 *   node bench/plain-server.ts FOLDER
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** What a page and its parts must be called for a browser to take them. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.mpd': 'application/dash+xml',
}
const readBytes = 1_048_576
const folder = process.argv[2] ?? '.'

const server = createServer({ noDelay: true }, async (request, response) => {
  const file = join(folder, request.url ?? '')
  try {
    const { size } = await stat(file)
    response.writeHead(200, {
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-length': size,
    })
    await pipeline(createReadStream(file, { highWaterMark: readBytes }), response)
  } catch (thrown) {
    response.destroy(thrown instanceof Error ? thrown : undefined)
  }
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
})
