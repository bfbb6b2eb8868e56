import { describe, expect, it } from 'vitest'
import {
  type CreditWindow,
  creditOf,
  leastCreditBytes,
  mostCreditBytes,
  openCreditWindow,
  outstandingOf,
  stepCreditWindow,
  type WindowEffect,
  type WindowEvent,
  writeOffOf,
} from './credit-window.ts'

const leaf = 262_144
const cap = 2 ** 40 - 1

const run = (window: CreditWindow, ...events: readonly WindowEvent[]) => {
  const effects: WindowEffect[] = []
  let now = window
  for (const event of events) {
    const step = stepCreditWindow(now, event)
    now = step.window
    effects.push(...step.effects)
  }
  return { window: now, effects }
}
const ask = (stream: number, bytes = leaf): WindowEvent => ({ type: 'ask', stream, bytes })
const start = (stream: number): WindowEffect => ({ type: 'start', stream })

describe('the credit window of a host', () => {
  it('starts blocks until the credit is outstanding, and then asks for payment', () => {
    const { window, effects } = run(openCreditWindow(cap, 0), ask(1), ask(1), ask(1), ask(1), ask(1))
    expect(effects).toEqual([
      ...[1, 1, 1, 1].map(start),
      { type: 'request-payment', outstandingBytes: leastCreditBytes },
    ])
    expect(outstandingOf(window)).toBe(leastCreditBytes)
  })

  it('goes on when a receipt is stored, first come first', () => {
    const full = run(openCreditWindow(cap, 0), ask(1, leastCreditBytes), ask(2), ask(3), ask(4, 5)).window
    expect(run(full, { type: 'paid', bytes: leaf }).effects).toEqual([2, 3].map(start))
  })

  it('wakes all streams that fit, not one', () => {
    const full = run(
      openCreditWindow(cap, 0),
      ask(0, leastCreditBytes),
      ask(1, 1),
      ask(2, 1),
      ask(3, 1),
    ).window
    expect(run(full, { type: 'paid', bytes: leastCreditBytes }).effects).toEqual([1, 2, 3].map(start))
  })

  it('grants more with what was paid, up to 16 MiB', () => {
    expect(creditOf(openCreditWindow(cap, 0))).toBe(leastCreditBytes)
    expect(creditOf(openCreditWindow(cap, 3_000_000))).toBe(leastCreditBytes + 3_000_000)
    expect(creditOf(openCreditWindow(cap, 1e9))).toBe(mostCreditBytes)
  })

  it('lets a block be larger than the credit that is left, but no second one after it', () => {
    const { effects } = run(openCreditWindow(cap, 0), ask(1, leastCreditBytes - 1), ask(2, leaf), ask(3, 1))
    expect(effects.map(effect => effect.type)).toEqual(['start', 'start', 'request-payment'])
  })

  it('takes back what never left, and forgives aborted bytes up to 1 MiB and 3 % of what was paid', () => {
    const paid = 10_000_000
    const sent = run(openCreditWindow(cap, paid), ask(1, 3_000_000)).window
    const aborted = run(sent, { type: 'abort', unsentBytes: 500_000, lostBytes: 2_000_000 }).window
    expect(writeOffOf(aborted)).toBe(1_048_576 + 300_000)
    expect(outstandingOf(aborted)).toBe(2_500_000 - 1_348_576)
  })

  it('forgives nothing twice: what was thought lost and is receipted all the same is paid', () => {
    const sent = run(openCreditWindow(cap, 0), ask(1, 1000)).window
    const aborted = run(sent, { type: 'abort', unsentBytes: 0, lostBytes: 1000 }).window
    expect(outstandingOf(aborted)).toBe(0)
    const paid = run(aborted, { type: 'paid', bytes: 600 }).window
    expect([writeOffOf(paid), outstandingOf(paid)]).toEqual([400, 0])
  })

  it('cannot be opened wider by claims of aborted bytes that were never sent', () => {
    const claimed = run(openCreditWindow(cap, 500), {
      type: 'abort',
      unsentBytes: 1e9,
      lostBytes: 1e9,
    }).window
    expect(claimed).toMatchObject({ sentBytes: 500, abortedBytes: 0 })
    expect(outstandingOf(claimed)).toBe(0)
  })

  it('starts whoever waits when an abort makes room', () => {
    const full = run(openCreditWindow(cap, 0), ask(1, leastCreditBytes), ask(2)).window
    expect(run(full, { type: 'abort', unsentBytes: 0, lostBytes: 1 }).effects).toEqual([start(2)])
  })

  it('forgets a stream that no longer waits', () => {
    const full = run(openCreditWindow(cap, 0), ask(1, leastCreditBytes), ask(2), ask(3)).window
    const left = run(full, { type: 'leave', stream: 2 }).window
    expect(run(left, { type: 'paid', bytes: 1 }).effects).toEqual([start(3)])
  })

  it('sends nothing beyond what the purchase allots, and says so at once', () => {
    const { effects } = run(openCreditWindow(leaf + 5, 0), ask(1), ask(2), ask(3, 5), ask(4, 1))
    expect(effects).toEqual([
      start(1),
      { type: 'refuse', stream: 2, code: 'allotment-exhausted' },
      start(3),
      { type: 'refuse', stream: 4, code: 'allotment-exhausted' },
    ])
  })

  it('refuses all who wait, and all who come, once it has ended', () => {
    const full = run(openCreditWindow(cap, 0), ask(1, leastCreditBytes), ask(2)).window
    const { effects } = run(
      full,
      { type: 'end', code: 'purchase-ended' },
      { type: 'end', code: 'stopping' },
      ask(3),
    )
    expect(effects).toEqual([2, 3].map(stream => ({ type: 'refuse', stream, code: 'purchase-ended' })))
  })

  it('goes on where a restart left off: what was receipted before is not outstanding', () => {
    const window = openCreditWindow(cap, 5_000_000)
    expect(outstandingOf(window)).toBe(0)
    expect(run(window, { type: 'paid', bytes: 6_000_000 }).window).toMatchObject({ sentBytes: 6_000_000 })
  })

  it('never goes down', () => {
    expect(run(openCreditWindow(cap, 9), { type: 'paid', bytes: 5 }).window.paidBytes).toBe(9)
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('throws for %d bytes', bytes => {
    expect(() => run(openCreditWindow(cap, 0), ask(1, bytes))).toThrow(RangeError)
  })
})
