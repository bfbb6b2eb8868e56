import type { NodePlace } from './node-link.ts'

declare const self: ServiceWorkerGlobalScope
const path = 'tabs/offscreen.html'
const loadTimeoutMs = 5_000
const pollMs = 15

/** The node's place in this browser: the offscreen document, found as a client of the service worker. */
export function createOffscreenPlace(): NodePlace {
  let opening: Promise<void> | undefined
  const create = async (): Promise<void> => {
    if ((await findPage()) !== undefined) return
    await chrome.offscreen
      .createDocument({
        url: path,
        reasons: [chrome.offscreen.Reason.WORKERS],
        justification: 'Receives and verifies video from several hosts while it plays.',
      })
      // There is one at most: a page that is still loading is as good as one of ours.
      .catch(thrown => {
        if (!String(thrown).includes('single offscreen')) throw thrown
      })
    const until = Date.now() + loadTimeoutMs
    while ((await findPage()) === undefined && Date.now() < until)
      await new Promise(resolve => setTimeout(resolve, pollMs))
  }
  return {
    open() {
      opening ??= create().finally(() => {
        opening = undefined
      })
      return opening
    },
    close: () => chrome.offscreen.closeDocument().catch(() => undefined),
    async connect(port) {
      const page = await findPage()
      page?.postMessage({ type: 'connect' }, [port])
      return page !== undefined
    },
  }
}

async function findPage(): Promise<Client | undefined> {
  const url = chrome.runtime.getURL(path)
  return (await self.clients.matchAll({ includeUncontrolled: true, type: 'all' })).find(
    client => client.url === url,
  )
}
