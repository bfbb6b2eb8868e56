import { errorFrom } from './error.ts'

/** What a promise gives, unless the signal aborts first: then its reason is thrown, and the promise goes on alone. */
export const raceAbort = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(errorFrom(signal.reason, 'aborted'))
  signal.addEventListener('abort', abort)
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}
