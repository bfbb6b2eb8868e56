import type { ErrorCode } from '#std/error-codes.ts'

/**
 * Bytes that a host sends ahead of receipts, for one purchase over all its streams (protocol.md, paid exchange).
 * Pure: {@link stepCreditWindow} answers each event with the next state and what is to be done.
 *
 * Invariants: a block starts only while outstanding < credit, so outstanding < credit + one block; what a viewer
 * aborts is forgiven up to {@link writeOffOf}; whoever waits is either started in turn, or refused with a code, as
 * soon as an event allows it. The state lives as long as the purchase, not its connections: a viewer that comes
 * again gets no new credit.
 */
export type CreditWindow = {
  /** Bytes that the purchase allots this host; more would earn nothing. */
  readonly capBytes: number
  /** Bytes of all blocks started, but for what never left. */
  readonly sentBytes: number
  /** Bytes of the newest receipt. */
  readonly paidBytes: number
  /** Bytes sent that the viewer may not have got, because it went away. */
  readonly abortedBytes: number
  /** Streams that wait, first come first. */
  readonly waiters: readonly Waiter[]
  /** Why nothing is served any more. */
  readonly ended: ErrorCode | undefined
}

export type Waiter = { readonly stream: number; readonly bytes: number }

export type WindowEvent =
  /** A stream wants to send its next block. One request a stream at a time. */
  | { readonly type: 'ask'; readonly stream: number; readonly bytes: number }
  /** A stream no longer waits. */
  | { readonly type: 'leave'; readonly stream: number }
  /** A stream broke off: of the blocks it started, so many bytes never left, and so many may be lost on the way. */
  | { readonly type: 'abort'; readonly unsentBytes: number; readonly lostBytes: number }
  /** A receipt for so many bytes in all was stored. */
  | { readonly type: 'paid'; readonly bytes: number }
  /** Nothing is served from now on. */
  | { readonly type: 'end'; readonly code: ErrorCode }

export type WindowEffect =
  /** The stream sends its block now. */
  | { readonly type: 'start'; readonly stream: number }
  | { readonly type: 'refuse'; readonly stream: number; readonly code: ErrorCode }
  /** Somebody began to wait: tell the viewer. */
  | { readonly type: 'request-payment'; readonly outstandingBytes: number }

export type WindowStep = { readonly window: CreditWindow; readonly effects: readonly WindowEffect[] }

const mebibyte = 1_048_576
/** Credit of a purchase that has paid nothing. */
export const leastCreditBytes = mebibyte
/** Credit however much was paid. */
export const mostCreditBytes = 16 * mebibyte

/** The window of a purchase whose newest receipt (0 for none) is known and of which nothing else is outstanding. */
export const openCreditWindow = (capBytes: number, paidBytes: number): CreditWindow => ({
  capBytes,
  sentBytes: paidBytes,
  paidBytes,
  abortedBytes: 0,
  waiters: [],
  ended: undefined,
})

/** Bytes that may be outstanding before the next block: 1 MiB and what was paid, at most 16 MiB. */
export const creditOf = (window: CreditWindow): number =>
  Math.min(mostCreditBytes, leastCreditBytes + window.paidBytes)

/** Aborted bytes that are forgiven: 1 MiB and 3 % of what was paid. */
export const writeOffOf = (window: CreditWindow): number =>
  Math.min(window.abortedBytes, mebibyte + Math.floor((3 * window.paidBytes) / 100))

/** Bytes sent, not receipted and not forgiven. */
export const outstandingOf = (window: CreditWindow): number =>
  window.sentBytes - window.paidBytes - writeOffOf(window)

/** The next state, and what is to be done in the order given. Throws RangeError for counts that are none: a bug. */
export const stepCreditWindow = (window: CreditWindow, event: WindowEvent): WindowStep => {
  switch (event.type) {
    case 'ask':
      return ask(window, event)
    case 'leave':
      return serveWaiters({
        ...window,
        waiters: window.waiters.filter(waiter => waiter.stream !== event.stream),
      })
    case 'abort':
      return serveWaiters(abort(window, checkCount(event.unsentBytes), checkCount(event.lostBytes)))
    case 'paid':
      return serveWaiters(pay(window, checkCount(event.bytes)))
    case 'end':
      return serveWaiters({ ...window, ended: window.ended ?? event.code })
  }
}

const ask = (window: CreditWindow, { stream, bytes }: Waiter): WindowStep => {
  const waiting = { ...window, waiters: [...window.waiters, { stream, bytes: checkCount(bytes) }] }
  const step = serveWaiters(waiting)
  const waits = step.window.waiters.some(waiter => waiter.stream === stream)
  if (!waits) return step
  const request = { type: 'request-payment', outstandingBytes: outstandingOf(step.window) } as const
  return { window: step.window, effects: [...step.effects, request] }
}

const abort = (window: CreditWindow, unsentBytes: number, lostBytes: number): CreditWindow => {
  // What is receipted arrived: it can be neither unsent nor lost.
  const sentBytes = Math.max(window.paidBytes, window.sentBytes - unsentBytes)
  const abortedBytes = Math.min(sentBytes - window.paidBytes, window.abortedBytes + lostBytes)
  return { ...window, sentBytes, abortedBytes }
}

/** A viewer may receipt blocks that were sent before this window was opened: that only earns more. */
const pay = (window: CreditWindow, bytes: number): CreditWindow => {
  const paidBytes = Math.max(window.paidBytes, bytes)
  const sentBytes = Math.max(window.sentBytes, paidBytes)
  return {
    ...window,
    paidBytes,
    sentBytes,
    abortedBytes: Math.min(window.abortedBytes, sentBytes - paidBytes),
  }
}

/** Starts or refuses whoever is first in line, as long as that can be decided. */
const serveWaiters = (window: CreditWindow): WindowStep => {
  const effects: WindowEffect[] = []
  let now = window
  for (const { stream, bytes } of window.waiters) {
    const refusal = refusalOf(now, bytes)
    if (refusal === undefined && outstandingOf(now) >= creditOf(now)) break
    effects.push(
      refusal === undefined ? { type: 'start', stream } : { type: 'refuse', stream, code: refusal },
    )
    const sentBytes = refusal === undefined ? now.sentBytes + bytes : now.sentBytes
    now = { ...now, sentBytes, waiters: now.waiters.slice(1) }
  }
  return { window: now, effects }
}

const refusalOf = (window: CreditWindow, bytes: number): ErrorCode | undefined => {
  if (window.ended !== undefined) return window.ended
  const owed = window.paidBytes + outstandingOf(window)
  return owed + bytes > window.capBytes ? 'allotment-exhausted' : undefined
}

const checkCount = (bytes: number): number => {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError('not a count of bytes')
  return bytes
}
