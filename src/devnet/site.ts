import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface SiteOptions {
  /** What the page shows; `video` is the id in `VideoRegistry`. */
  video: string
  title: string
  /** The built tag script that sites embed. */
  tagScript: string
  /** Sends test PTI; answers how much, as text for people. */
  faucet: (address: string) => Promise<string>
  port?: number
}

export interface Site {
  url: string
  stop(): Promise<void>
}

const folder = join(import.meta.dirname, 'demo-site')
const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = (text: string) => text.replace(/[&<>"]/g, character => escapes[character] ?? character)

async function pageOf(options: SiteOptions): Promise<string> {
  const template = await readFile(join(folder, 'index.html'), 'utf8')
  const values: Record<string, string> = {
    title: options.title,
    video: options.video,
    shortVideo: `${options.video.slice(0, 10)}…`,
  }
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''))
}

/** The demo's web site: an origin of its own on loopback, which embeds the tag and offers the devnet's faucet. */
export async function serveSite(options: SiteOptions): Promise<Site> {
  const files: Record<string, { type: string; text: () => Promise<string> }> = {
    '/': { type: 'text/html; charset=utf-8', text: () => pageOf(options) },
    '/site.css': { type: 'text/css', text: () => readFile(join(folder, 'site.css'), 'utf8') },
    '/faucet.js': { type: 'text/javascript', text: () => readFile(join(folder, 'faucet.js'), 'utf8') },
    '/paratii-player.js': { type: 'text/javascript', text: () => readFile(options.tagScript, 'utf8') },
  }
  const server = createServer(async (request, response) => {
    const send = (status: number, type: string, text: string) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
    try {
      const path = new URL(request.url ?? '/', 'http://site').pathname
      if (request.method === 'POST' && path === '/faucet') {
        let address = ''
        for await (const chunk of request) {
          address += String(chunk)
          if (address.length > 42) break
        }
        if (!/^0x[0-9a-fA-F]{40}$/.test(address)) return send(400, 'text/plain', 'That is not an address.')
        return send(200, 'text/plain', await options.faucet(address))
      }
      const file = files[path]
      if (request.method !== 'GET' || !file) return send(404, 'text/plain', 'Not here.')
      send(200, file.type, await file.text())
    } catch (error) {
      send(500, 'text/plain', error instanceof Error ? error.message : String(error))
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
