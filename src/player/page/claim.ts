import * as v from 'valibot'
import { type ClientMessage, clientAnswer } from '#bridge/contract.ts'
import { errorOf } from '#bridge/failure.ts'
import { ParatiiError } from '#std/error.ts'

const answerTimeoutMs = 10_000

/**
 * Makes this page a client of the background worker that may stream a purchase. Until it is one, its requests pass
 * the worker by: a page that was opened before the worker first ran is not controlled.
 */
export async function claimStream(ticket: string): Promise<void> {
  const container = navigator.serviceWorker
  const controlled =
    container.controller === null
      ? new Promise<void>(resolve =>
          container.addEventListener('controllerchange', () => resolve(), { once: true }),
        )
      : Promise.resolve()
  await askWorker({ type: 'claim', ticket })
  await controlled
}

/** Asks the background worker as its client, and hands it a port if one is given. Throws what it answers. */
export async function askWorker(message: ClientMessage, ...ports: readonly MessagePort[]): Promise<void> {
  const { active } = await navigator.serviceWorker.ready
  const { port1, port2 } = new MessageChannel()
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  port1.onmessage = ({ data }) => resolve(data)
  const timer = setTimeout(() => reject(new ParatiiError('timed-out')), answerTimeoutMs)
  try {
    active?.postMessage(message, [port2, ...ports])
    const answer = v.parse(clientAnswer, await promise)
    if (!answer.ok) throw errorOf(answer.failure)
  } finally {
    clearTimeout(timer)
    port1.close()
  }
}
