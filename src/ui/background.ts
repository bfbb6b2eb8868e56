import * as v from 'valibot'
import type { ports, RequestName, RequestParams, RequestResult } from '#bridge/contract.ts'
import { ask } from '#bridge/rpc.ts'
import { wireOf } from '#bridge/wire.ts'

/** Asks the background worker one thing. Throws ParatiiError. */
export const askBackground = <N extends RequestName>(
  name: N,
  params: RequestParams<N>,
): Promise<RequestResult<N>> => ask(message => chrome.runtime.sendMessage(message), name, params)

export type LivePort = { send(message: unknown): void; close(): void }

const reconnectMs = 250

/**
 * A connection to the background worker that outlives it: when the worker is stopped the port is opened anew, and
 * `opened` told so, which says again what the new worker must know. What does not fit the schema is dropped.
 */
export function openLivePort<T>(
  name: keyof typeof ports,
  schema: v.GenericSchema<unknown, T>,
  receive: (message: T) => void,
  opened: (port: LivePort) => void = () => undefined,
): LivePort {
  let port: chrome.runtime.Port
  let closed = false
  const live: LivePort = {
    send: message => port.postMessage(wireOf(message)),
    close() {
      closed = true
      port.disconnect()
    },
  }
  const connect = (): void => {
    port = chrome.runtime.connect({ name })
    port.onMessage.addListener((message: unknown) => {
      const parsed = v.safeParse(schema, message)
      if (parsed.success) receive(parsed.output)
    })
    port.onDisconnect.addListener(() => {
      if (!closed) setTimeout(connect, reconnectMs)
    })
    opened(live)
  }
  connect()
  return live
}
