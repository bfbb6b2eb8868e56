import * as v from 'valibot'
import { errorOf } from '#bridge/failure.ts'
import { type ReaderMessage, readerAnswer } from '#bridge/reader-contract.ts'
import { ParatiiError } from '#std/error.ts'
import type { NodePlace } from './node-link.ts'

declare const self: ServiceWorkerGlobalScope
const path = 'tabs/offscreen.html'
const loadTimeoutMs = 5_000
const pollMs = 15
const readMs = 120_000

/** What the offscreen document holds: the node, and the reader of what is public. */
export type OffscreenPlace = NodePlace & {
  /** Asks the reader. Throws what it throws, `timed-out`. */
  read<T>(asked: ReaderMessage, schema: v.GenericSchema<unknown, T>): Promise<T>
}

/** The node's place in this browser: the offscreen document, found as a client of the service worker. */
export function createOffscreenPlace(): OffscreenPlace {
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
  const open = (): Promise<void> => {
    opening ??= create().finally(() => {
      opening = undefined
    })
    return opening
  }
  return {
    open,
    async read(asked, schema) {
      await open()
      const { port1, port2 } = new MessageChannel()
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      port1.onmessage = ({ data }) => resolve(data)
      const timer = setTimeout(() => reject(new ParatiiError('timed-out')), readMs)
      try {
        const page = await findPage()
        page?.postMessage(asked, [port2])
        const answer = v.parse(readerAnswer, await promise)
        if (!answer.ok) throw errorOf(answer.failure)
        return v.parse(schema, answer.value)
      } finally {
        clearTimeout(timer)
        port1.close()
      }
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
