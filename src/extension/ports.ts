import * as v from 'valibot'
import { ports } from '#bridge/contract.ts'
import { contextOf } from '#bridge/sender.ts'
import { wireOf } from '#bridge/wire.ts'

/** A live connection from one of our own pages, with its messages already read through their schema. */
export type PagePort = {
  readonly name: keyof typeof ports
  readonly sender: chrome.runtime.MessageSender
  send(message: unknown): void
  listen<T>(schema: v.GenericSchema<unknown, T>, receive: (message: T) => void): void
  readonly closed: AbortSignal
}

/** Takes a connection if its name is known and its sender may have it; anything else is hung up on. */
export function acceptPort(port: chrome.runtime.Port, extensionOrigin: string): PagePort | undefined {
  const { name, sender } = port
  const from = sender === undefined ? undefined : contextOf(sender, extensionOrigin)
  if (!isPortName(name) || sender === undefined || from === undefined || !allowedOf(name).includes(from)) {
    port.disconnect()
    return undefined
  }
  const closing = new AbortController()
  port.onDisconnect.addListener(() => closing.abort())
  return {
    name,
    sender,
    closed: closing.signal,
    send(message) {
      if (!closing.signal.aborted) port.postMessage(wireOf(message))
    },
    listen(schema, receive) {
      port.onMessage.addListener((message: unknown) => {
        const parsed = v.safeParse(schema, message)
        if (parsed.success) receive(parsed.output)
      })
    },
  }
}

const isPortName = (name: string): name is keyof typeof ports => Object.hasOwn(ports, name)
const allowedOf = (name: keyof typeof ports): readonly string[] => ports[name]
