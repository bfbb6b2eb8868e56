import * as v from 'valibot'
import { type ClientMessage, clientMessage } from '#bridge/contract.ts'
import { failureOf } from '#bridge/failure.ts'
import { ParatiiError } from '#std/error.ts'
import { findHandler } from './fetch-handlers.ts'
import type { NodeLink } from './node-link.ts'
import type { StreamGrants } from './stream-grants.ts'
import { createStreamHandler } from './stream-handler.ts'
import { openStream } from './stream-reader.ts'
import type { WalletDesk } from './wallet-desk.ts'

declare const self: ServiceWorkerGlobalScope

type ClientWiring = {
  readonly origin: string
  readonly wallet: Pick<WalletDesk, 'stored'>
  readonly grants: StreamGrants
  readonly node: NodeLink
}

/** Wires what the worker is to its own pages: it answers their requests for verified bytes, and leads them to the node. */
export function wireClients({ origin, wallet, grants, node }: ClientWiring): void {
  const fetchHandlers = [
    createStreamHandler({
      allows: (clientId, purchase) => grants.allows(clientId, purchase),
      open: async (purchase, path, range) => {
        const { network } = await wallet.stored()
        const { port, ended } = await node.stream({
          network,
          purchase,
          path,
          ...(range === undefined ? {} : { range }),
        })
        return openStream(port, ended)
      },
    }),
  ]
  self.addEventListener('fetch', event => {
    const url = new URL(event.request.url)
    if (url.origin !== origin) return
    const asked = { request: event.request, url, clientId: event.clientId }
    const handler = findHandler(fetchHandlers, asked)
    if (handler !== undefined) event.respondWith(handler.handle(asked))
  })

  async function serveClient(id: string, message: ClientMessage, channel?: MessagePort): Promise<void> {
    if (message.type === 'claim') {
      // A page that was there before this worker is not its client yet, and its first request would pass it by.
      await self.clients.claim()
      if (!(await grants.claim(message.ticket, id))) throw new ParatiiError('not-permitted')
      return
    }
    if (channel === undefined) throw new ParatiiError('request-malformed')
    const asked = message.type === 'channel' ? message.purchase : message.viewing
    if (!(await grants.allows(id, asked))) throw new ParatiiError('not-permitted')
    const { network } = await wallet.stored()
    if (message.type === 'channel') await node.channel({ network, purchase: message.purchase }, channel)
    else await node.viewingChannel({ network, viewing: message.viewing }, channel)
  }

  self.addEventListener('message', event => {
    const message = v.safeParse(clientMessage, event.data)
    if (!message.success || !(event.source instanceof Client)) return
    const { id, url } = event.source
    if (!url.startsWith(`${origin}/tabs/player.html`)) return
    const [reply, channel] = event.ports
    event.waitUntil(
      serveClient(id, message.output, channel).then(
        () => reply?.postMessage({ ok: true }),
        thrown => reply?.postMessage({ ok: false, failure: failureOf(thrown) }),
      ),
    )
  })

  self.addEventListener('install', () => void self.skipWaiting())
  self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
}
