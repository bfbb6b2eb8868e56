import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import type { Payment } from '#protocol/exchange.ts'
import type { Receipt } from '#protocol/receipt.ts'
import type { Cid, Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { bytesFromUint32, concatBytes } from '#std/bytes.ts'
import {
  creditOf,
  openCreditWindow,
  outstandingOf,
  stepCreditWindow,
  type WindowEvent,
} from './credit-window.ts'
import { acceptPayment } from './receipt-book.ts'
import { openReceiptSchedule, type ScheduleEvent, stepReceiptSchedule } from './receipt-schedule.ts'

/**
 * A host and a viewer as they would run, over a network that delays, loses and cuts: whatever happens in whatever
 * order, nobody loses more than protocol.md allows, and once the network works again every byte asked for comes.
 */

const runs = Number(process.env.FC_NUM_RUNS ?? 200)
/** Ten thousand interleavings take a minute. */
const fuzzMs = 600_000
const leaf = 262_144
const mebibyte = 1_048_576
const nonce = `0x${'11'.repeat(32)}` as Hash as PurchaseNonce
const key = `0x02${'22'.repeat(32)}` as PublicKey
const purchase = { nonce, owner: key, leaf: 0, key }

const sizes = new Map<Cid, number>()
const newBlock = (size: number): Cid => {
  const cid = cidFromDigest('raw', concatBytes(new Uint8Array(28), bytesFromUint32(sizes.size)))
  sizes.set(cid, size)
  return cid
}

class Simulation {
  window = openCreditWindow(2 ** 39, 0)
  held: Receipt | undefined
  schedule = openReceiptSchedule(purchase, undefined)
  isOpen = false
  lost = 0
  verified = 0
  largest = 0
  /** Blocks that wait to start, by stream, and those on their way. */
  readonly asking = new Map<number, Cid>()
  readonly travelling: Cid[] = []
  readonly payments: Payment[] = []
  readonly acks: { bytes: number; creditBytes: number }[] = []
  streams = 0

  host(event: WindowEvent): void {
    const step = stepCreditWindow(this.window, event)
    this.window = step.window
    for (const effect of step.effects) {
      if (effect.type === 'start') this.start(effect.stream)
      if (effect.type === 'refuse') throw new Error(`refused: ${effect.code}`)
      // A request that the network loses must not matter: the simulation drops every other one.
      if (effect.type === 'request-payment' && this.streams % 2 === 0 && this.isOpen)
        this.viewer({ type: 'requested' })
    }
    expect(outstandingOf(this.window)).toBeGreaterThanOrEqual(0)
    expect(outstandingOf(this.window)).toBeLessThan(creditOf(this.window) + this.largest)
  }

  start(stream: number): void {
    const cid = this.asking.get(stream)
    if (cid === undefined) throw new Error('started a stream that does not wait')
    this.asking.delete(stream)
    this.travelling.push(cid)
  }

  viewer(event: ScheduleEvent): void {
    const before = this.schedule.signed.bytes
    const step = stepReceiptSchedule(this.schedule, event)
    this.schedule = step.schedule
    for (const { draft, blocks } of step.effects) {
      expect(draft.bytes).toBeLessThanOrEqual(this.verified)
      const receipt = { ...draft, buyer_signature: `0x${'00'.repeat(64)}` as Signature }
      if (this.isOpen) this.payments.push({ receipt, blocks })
    }
    expect(this.schedule.signed.bytes).toBeGreaterThanOrEqual(before)
  }

  ask(size: number): void {
    const stream = this.streams++
    this.largest = Math.max(this.largest, size)
    this.asking.set(stream, newBlock(size))
    this.host({ type: 'ask', stream, bytes: size })
  }

  arrive(): void {
    const cid = this.travelling.shift()
    if (cid === undefined) return
    const bytes = sizes.get(cid) ?? 0
    this.verified += bytes
    this.viewer({ type: 'block', cid, bytes })
  }

  /** The viewer goes away: what travels is lost, part of it never left. */
  abort(): void {
    const bytes = this.travelling.splice(0).reduce((sum, cid) => sum + (sizes.get(cid) ?? 0), 0)
    const unsentBytes = Math.floor(bytes / 3)
    this.lost += bytes - unsentBytes
    this.host({ type: 'abort', unsentBytes, lostBytes: bytes - unsentBytes })
    for (const stream of this.asking.keys()) this.host({ type: 'leave', stream })
    this.asking.clear()
  }

  hear(): void {
    const payment = this.payments.shift()
    if (payment === undefined) return
    const accepted = acceptPayment(this.held, payment, cid => sizes.get(cid))
    expect(accepted.ok).toBe(true)
    this.held = payment.receipt
    this.host({ type: 'paid', bytes: payment.receipt.bytes })
    this.acks.push({ bytes: payment.receipt.bytes, creditBytes: creditOf(this.window) })
  }

  acknowledge(): void {
    const ack = this.acks.shift()
    if (ack !== undefined) this.viewer({ type: 'acknowledged', ...ack })
  }

  cut(): void {
    this.isOpen = false
    this.payments.length = 0
    this.acks.length = 0
  }

  open(): void {
    this.cut()
    this.isOpen = true
    this.viewer({ type: 'opened', held: this.held, creditBytes: creditOf(this.window) })
  }

  /** Everything arrives, until nothing moves any more. */
  settle(): void {
    this.open()
    for (let still = false; !still; ) {
      still = this.travelling.length + this.payments.length + this.acks.length === 0
      while (this.travelling.length > 0) this.arrive()
      while (this.payments.length > 0) this.hear()
      while (this.acks.length > 0) this.acknowledge()
    }
  }
}

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(leaf, leaf, leaf, 1, 1000).map(size => (s: Simulation) => s.ask(size)),
  },
  { weight: 12, arbitrary: fc.constant((s: Simulation) => s.arrive()) },
  { weight: 4, arbitrary: fc.constant((s: Simulation) => s.hear()) },
  { weight: 3, arbitrary: fc.constant((s: Simulation) => s.acknowledge()) },
  { weight: 1, arbitrary: fc.constant((s: Simulation) => s.abort()) },
  { weight: 1, arbitrary: fc.constant((s: Simulation) => s.cut()) },
  { weight: 2, arbitrary: fc.constant((s: Simulation) => s.open()) },
  { weight: 1, arbitrary: fc.constant((s: Simulation) => s.viewer({ type: 'flush' })) },
)

it(
  'never lets a host send, nor a viewer sign, more than they may, and never stops for good',
  () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 100, maxLength: 300 }), actions => {
        const simulation = new Simulation()
        for (const act of actions) act(simulation)
        simulation.settle()
        // While less was lost than is forgiven anyhow, no stream is left waiting.
        if (simulation.lost < mebibyte / 2) expect(simulation.asking.size).toBe(0)
        expect(simulation.held?.bytes ?? 0).toBe(simulation.schedule.signed.bytes)
        simulation.viewer({ type: 'flush' })
        simulation.hear()
        expect(simulation.held?.bytes ?? 0).toBe(simulation.verified)
      }),
      { numRuns: runs },
    )
  },
  fuzzMs,
)

it('serves an honest viewer on many streams to the last byte', () => {
  const simulation = new Simulation()
  simulation.open()
  for (let i = 0; i < 400; i++) simulation.ask(leaf)
  simulation.settle()
  expect(simulation.asking.size).toBe(0)
  expect(simulation.verified).toBe(400 * leaf)
})

it('gives a viewer that pays nothing the least credit and one block, whatever it does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('ask', 'abort', 'leave'), { minLength: 20, maxLength: 100 }),
      doings => {
        let window = openCreditWindow(2 ** 39, 0)
        let started = 0
        doings.forEach((doing, stream) => {
          const event: WindowEvent =
            doing === 'ask'
              ? { type: 'ask', stream, bytes: leaf }
              : doing === 'abort'
                ? { type: 'abort', unsentBytes: 0, lostBytes: leaf }
                : { type: 'leave', stream: 0 }
          const step = stepCreditWindow(window, event)
          window = step.window
          started += step.effects.filter(effect => effect.type === 'start').length * leaf
        })
        // Credit, one block and the write-off: what protocol.md says a host can lose.
        expect(started).toBeLessThan(mebibyte + leaf + mebibyte)
      },
    ),
    { numRuns: runs },
  )
})
