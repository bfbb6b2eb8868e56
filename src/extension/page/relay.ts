import { answerEvent, askEvent, toldEvent } from './wire.ts'

const failed = { ok: false, code: 4900, message: 'The wallet was restarted. Ask again.' }

/**
 * Passes what the page asks of the wallet on to the background worker, and its answers and events back. It runs beside
 * a page that may be hostile, so it knows nothing and decides nothing. Which tag a request came from is for it to say, as
 * `ticketOf` knows them: a page cannot name the tag of another.
 */
export function relayProvider(ticketOf: (element: Element) => string | undefined): void {
  // A frame has no place of its own in the address bar: nobody could tell who asks.
  if (window.top !== window) return
  const tell = (name: string, value: object): void => {
    document.dispatchEvent(new CustomEvent(name, { detail: JSON.stringify(value) }))
  }
  document.addEventListener(askEvent, event => {
    const asked = parse((event as CustomEvent).detail)
    if (asked === undefined) return
    const { id, method } = asked
    const params = method === 'paratii_playerControl' ? namingTag(asked.params, event) : asked.params
    chrome.runtime
      .sendMessage({ request: 'provider-request', params: { method, params } })
      .then(
        reply => (reply?.ok ? reply.value : { ok: false, code: -32602, message: 'Not a request.' }),
        () => failed,
      )
      .then(answer => tell(answerEvent, { id, ...answer }))
  })
  const namingTag = (params: unknown, event: Event): unknown => {
    const [target] = event.composedPath()
    const element = target instanceof Element ? ticketOf(target) : undefined
    return [{ ...(Array.isArray(params) ? params[0] : {}), element }]
  }
  chrome.runtime.onMessage.addListener((message, sender) => {
    if (sender.id === chrome.runtime.id && message?.type === 'provider-event') tell(toldEvent, message)
  })
}

type Asked = { readonly id: unknown; readonly method: unknown; readonly params: unknown }

function parse(detail: unknown): Asked | undefined {
  try {
    const value = JSON.parse(String(detail))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
