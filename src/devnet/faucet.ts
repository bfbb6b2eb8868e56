import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { DevnetChain } from './chain.ts'

/** What one request to the faucet gives. */
export const faucetGift = { ptiWei: 100n * 10n ** 18n, etherWei: 10n ** 18n } as const

export type Faucet = { readonly url: string; close(): Promise<void> }

/** Gives test PTI and ether to the address in the body of each POST, on loopback. */
export const startFaucet = async (chain: Pick<DevnetChain, 'faucet'>, port = 0): Promise<Faucet> => {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
    if (request.method !== 'POST') return answer(405, { error: 'POST an address' })
    const address = await readAddress(request)
    if (address === undefined) return answer(400, { error: 'that is no address' })
    try {
      await chain.faucet(address, faucetGift.ptiWei, faucetGift.etherWei)
      answer(200, { address, ptiWei: `${faucetGift.ptiWei}`, etherWei: `${faucetGift.etherWei}` })
    } catch (thrown) {
      answer(503, { error: thrown instanceof Error ? thrown.message : 'failed' })
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new ParatiiError('fault', { reason: 'no port' })
  return {
    url: `http://127.0.0.1:${bound.port}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const readAddress = async (request: IncomingMessage): Promise<Address | undefined> => {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > 64) return undefined
  }
  return /^0x[0-9a-fA-F]{40}$/.test(text.trim()) ? (text.trim().toLowerCase() as Address) : undefined
}
