import {
  type CreditWindow,
  creditOf,
  openCreditWindow,
  outstandingOf,
  stepCreditWindow,
  type WindowEvent,
} from '#payments/credit-window.ts'
import { ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'

/** Called once: without an error the block counts as sent, and must be. */
type Answer = (refusal?: ParatiiError) => void

/** The credit window of one purchase, as its streams wait on it: the pure machine decides, this wakes them. */
export class CreditGate {
  #window: CreditWindow
  readonly #asked = new Map<number, Answer>()
  readonly #watchers = new Set<(outstanding: number) => void>()
  #lastStream = 0

  constructor(capBytes: number, paidBytes: number) {
    this.#window = openCreditWindow(capBytes, paidBytes)
  }

  /** Bytes sent ahead of receipts from now on. */
  get creditBytes(): number {
    return creditOf(this.#window)
  }

  get outstandingBytes(): number {
    return outstandingOf(this.#window)
  }

  /** A number for one stream, to ask with. */
  nextStream(): number {
    return ++this.#lastStream
  }

  /** Asks to send a block of so many bytes; the answer may come before this returns. One question a stream at a time. */
  ask(stream: number, bytes: number, answer: Answer): void {
    this.#asked.set(stream, answer)
    this.#step({ type: 'ask', stream, bytes })
  }

  /** The stream waits no more; a question that it had open is never answered. */
  leave(stream: number): void {
    if (this.#asked.delete(stream)) this.#step({ type: 'leave', stream })
  }

  /** A stream broke off: of what it asked, so much never left, and so much may be lost on the way. */
  abort(unsentBytes: number, lostBytes: number): void {
    this.#step({ type: 'abort', unsentBytes, lostBytes })
  }

  /** A receipt for so many bytes in all is stored. */
  pay(bytes: number): void {
    this.#step({ type: 'paid', bytes })
  }

  /** Nothing is sent any more. */
  end(code: ErrorCode): void {
    this.#step({ type: 'end', code })
  }

  /** Tells, until the signal aborts, whenever somebody begins to wait for a receipt; at once if somebody does. */
  watch(tell: (outstanding: number) => void, signal: AbortSignal): void {
    if (this.#asked.size > 0) tell(this.outstandingBytes)
    this.#watchers.add(tell)
    signal.addEventListener('abort', () => this.#watchers.delete(tell), { once: true })
  }

  #step(event: WindowEvent): void {
    const { window, effects } = stepCreditWindow(this.#window, event)
    this.#window = window
    for (const effect of effects) {
      if (effect.type === 'request-payment') {
        for (const tell of this.#watchers) tell(effect.outstandingBytes)
        continue
      }
      const answer = this.#asked.get(effect.stream)
      this.#asked.delete(effect.stream)
      answer?.(effect.type === 'start' ? undefined : new ParatiiError(effect.code))
    }
  }
}
