import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface DappSite {
  url: string
  stop(): Promise<void>
}

/** A page that uses wallets as any site does: it finds them by EIP-6963 and keeps what they tell it. */
const page = `<!doctype html><html lang="en"><title>A dApp</title><main><h1>A dApp</h1></main><script>
window.before = 'ethereum' in window
window.wallets = []
window.told = []
window.addEventListener('eip6963:announceProvider', ({ detail }) => {
  if (window.wallets.some(known => known.info.uuid === detail.info.uuid)) return
  window.wallets.push(detail)
  for (const name of ['accountsChanged', 'chainChanged'])
    detail.provider.on(name, data => window.told.push([name, data]))
})
window.dispatchEvent(new Event('eip6963:requestProvider'))
window.ask = (method, params) => window.wallets[0].provider.request({ method, params }).then(
  result => ({ result }), error => ({ code: error.code }))
</script></html>`

export async function serveDapp(): Promise<DappSite> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
