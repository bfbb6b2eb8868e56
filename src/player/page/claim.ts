import { ParatiiError } from '#std/error.ts'

const claimTimeoutMs = 10_000

/**
 * Makes this page a client of the background worker that may stream a purchase. Until it is one, its requests pass
 * the worker by: a page that was opened before the worker first ran is not controlled.
 */
export async function claimStream(ticket: string): Promise<void> {
  const container = navigator.serviceWorker
  const { active } = await container.ready
  const controlled =
    container.controller === null
      ? new Promise<void>(resolve =>
          container.addEventListener('controllerchange', () => resolve(), { once: true }),
        )
      : Promise.resolve()
  const { port1, port2 } = new MessageChannel()
  const claimed = new Promise<boolean>((resolve, reject) => {
    port1.onmessage = ({ data }) => resolve(data?.claimed === true)
    setTimeout(() => reject(new ParatiiError('timed-out')), claimTimeoutMs)
  })
  active?.postMessage({ type: 'claim', ticket }, [port2])
  if (!(await claimed)) throw new ParatiiError('not-permitted')
  await controlled
}
