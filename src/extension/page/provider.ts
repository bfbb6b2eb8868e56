/**
 * Runs in the page's own world: a provider of EIP-1193, announced by EIP-6963. It replaces nothing of the page, holds
 * nothing, and is trusted in nothing.
 */
import { createReach } from './reach.ts'
import { answerEvent, askEvent, toldEvent } from './wire.ts'

type Listener = (data: unknown) => void
type Asked = { readonly method: string; readonly params?: unknown }
type Answer = {
  readonly id: string
  readonly ok: boolean
  readonly result?: unknown
  readonly code?: number
  readonly message?: string
}

const waiting = new Map<string, (answer: Answer) => void>()
const listeners = new Map<string, Set<Listener>>()
const textOf = (event: Event): string => String((event as CustomEvent).detail)

function request(asked: Asked, target: EventTarget = document): Promise<unknown> {
  if (typeof asked !== 'object' || asked === null || typeof asked.method !== 'string')
    return Promise.reject(errorOf(-32600, 'Expected { method, params }.'))
  return new Promise((resolve, reject) => {
    const id = crypto.randomUUID()
    waiting.set(id, ({ ok, result, code, message }) =>
      ok ? resolve(result) : reject(errorOf(code ?? -32603, message ?? '')),
    )
    const detail = JSON.stringify({ id, method: asked.method, params: asked.params })
    target.dispatchEvent(new CustomEvent(askEvent, { detail, bubbles: true, composed: true }))
  })
}

const errorOf = (code: number, message: string): Error => Object.assign(new Error(message), { code })

document.addEventListener(answerEvent, event => {
  const answer: Answer = JSON.parse(textOf(event))
  const answered = waiting.get(answer.id)
  waiting.delete(answer.id)
  answered?.(answer)
})
document.addEventListener(toldEvent, event => {
  const { name, data } = JSON.parse(textOf(event))
  for (const listener of listeners.get(name) ?? []) listener(data)
})

const provider = Object.freeze({
  isParatii: true,
  request: (asked: Asked) => request(asked),
  on(name: string, listener: Listener) {
    const set = listeners.get(name) ?? new Set()
    listeners.set(name, set.add(listener))
    return provider
  },
  removeListener(name: string, listener: Listener) {
    listeners.get(name)?.delete(listener)
    return provider
  },
})

const icon =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128"%3E%3Crect width="128" height="128" rx="28" fill="%230d5f61"/%3E%3Cpath d="M48 36v56l44-28z" fill="%23fff"/%3E%3C/svg%3E'
const announce = (): void => {
  const info = Object.freeze({ uuid, name: 'Paratii', icon, rdns: 'org.paratii.wallet' })
  window.dispatchEvent(
    new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }),
  )
}
// What the page, or another extension, calls so already stays.
if (!('paratii' in window))
  Object.defineProperty(window, 'paratii', { value: createReach(request), configurable: true })
const uuid = crypto.randomUUID()
window.addEventListener('eip6963:requestProvider', announce)
announce()
