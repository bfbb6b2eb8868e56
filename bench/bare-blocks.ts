/**
 * What a host is compared with: a bare `node:http` server of the same block files, a process of its own. Reads the list
 * of leaves as JSON from the file it is told, prints its URL as JSON; ends on SIGTERM.
 *
 *   node bench/bare-blocks.ts BLOCKS LEAVES.json
 *   GET /<first>-<last>: those leaves one after the other
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

type ListedLeaf = { readonly cid: string; readonly size: number }

const [blocks = '.', list = ''] = process.argv.slice(2)
const leaves = JSON.parse(await readFile(list, 'utf8')) as readonly ListedLeaf[]

const server = createServer({ noDelay: true }, async (request, response) => {
  const [first = 0, last = 0] = (request.url ?? '/').slice(1).split('-').map(Number)
  const asked = leaves.slice(first, last + 1)
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': asked.reduce((sum, { size }) => sum + size, 0),
  })
  try {
    for (const { cid } of asked)
      if (!response.write(await readFile(join(blocks, cid.slice(-2), cid)))) await once(response, 'drain')
    response.end()
  } catch (thrown) {
    response.destroy(thrown instanceof Error ? thrown : undefined)
  }
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
})
