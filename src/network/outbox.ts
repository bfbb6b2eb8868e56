import { decodeEnvelope } from '#protocol/envelope.ts'
import type { Hex, PublicKey } from '#std/brand.ts'
import { hexFromBytes, parseHex } from '#std/bytes.ts'
import { errorFrom, isErrorCode, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Records } from '#std/ports/records.ts'

const table = 'mail-outbox'
const firstRetryMs = 1_000
const longestRetryMs = 60_000

export type OutboxPorts = {
  readonly records: Records
  readonly clock: Clock
  /**
   * Delivers an envelope to a correspondent by its name: true when its reader has it, false when it may be on its way;
   * throws to have it tried again.
   */
  deliver(to: string, envelope: Uint8Array, signal: AbortSignal): Promise<boolean>
  /** A message that its receiver will never take, or that expired. */
  onRefused?(slot: string, error: ParatiiError): void
}

/** An envelope on its way. */
type Entry = {
  readonly to: string
  /** Of the message, as its acknowledgement names it; rows of earlier versions have none. */
  readonly id?: Hex
  readonly envelope: string
  readonly expires: number
}

/** It is over: the reader has it, or it was refused for good. */
type Outcome = { readonly refusal?: ParatiiError }

/**
 * Envelopes that money depends on: stored before they are first sent, sent again with backoff until they are
 * acknowledged or expire, across restarts. A slot holds one envelope: a newer receipt takes the older one's place.
 */
export class Outbox {
  readonly #ports: OutboxPorts
  readonly #stopping = new AbortController()
  /** The newest generation of each slot; a sender of an older one gives up. */
  readonly #newest = new Map<string, AbortController>()
  /** Messages that an acknowledgement would end, by their ids. */
  readonly #waiting = new Map<Hex, { readonly receiver: PublicKey; end(outcome: Outcome): void }>()
  readonly #sending = new Set<Promise<void>>()

  private constructor(ports: OutboxPorts) {
    this.#ports = ports
  }

  /** Goes on with what an earlier run left. */
  static async start(ports: OutboxPorts): Promise<Outbox> {
    const outbox = new Outbox(ports)
    for (const { key, value } of await ports.records.list(table, ''))
      outbox.#begin(key, JSON.parse(value) as Entry)
    return outbox
  }

  /** Stores an envelope and sends it until acknowledged. Resolves once it is stored. */
  async put(
    slot: string,
    to: string,
    { id, envelope, expires }: { readonly id: Hex; readonly envelope: Uint8Array; readonly expires: number },
  ): Promise<void> {
    const entry: Entry = { to, id, envelope: hexFromBytes(envelope), expires }
    await this.#ports.records.write([{ table, key: slot, value: JSON.stringify(entry) }])
    this.#begin(slot, entry)
  }

  /** The reader of a message that went by a relay has it, or refused it with `code`. Only its receiver's word counts. */
  acknowledge(sender: PublicKey, id: Hex, code?: string): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    if (waiting.receiver !== sender) throw new ParatiiError('not-permitted')
    waiting.end(
      code === undefined ? {} : { refusal: new ParatiiError(isErrorCode(code) ? code : 'unsupported') },
    )
  }

  /** Resolves when nothing waits to be sent, or the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>(resolve =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    while (this.#sending.size > 0 && !signal.aborted) await Promise.race([...this.#sending, aborted])
  }

  /** Stops sending; what is not acknowledged stays stored. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled(this.#sending)
  }

  #begin(slot: string, entry: Entry): void {
    this.#newest.get(slot)?.abort()
    const superseded = new AbortController()
    this.#newest.set(slot, superseded)
    const signal = AbortSignal.any([superseded.signal, this.#stopping.signal])
    const sending = this.#send(slot, entry, signal).catch(() => {})
    this.#sending.add(sending)
    sending.finally(() => this.#sending.delete(sending))
  }

  async #send(slot: string, entry: Entry, signal: AbortSignal): Promise<void> {
    const envelope = parseHex(entry.envelope) ?? new Uint8Array(0)
    const outcome = await this.#outcomeOf(entry, envelope, signal)
    if (outcome === undefined) return
    await this.#remove(slot, signal)
    if (outcome.refusal !== undefined) this.#ports.onRefused?.(slot, outcome.refusal)
  }

  /** Undefined when it is to stay stored. */
  async #outcomeOf(entry: Entry, envelope: Uint8Array, signal: AbortSignal): Promise<Outcome | undefined> {
    const { clock, deliver } = this.#ports
    const acknowledged = new AbortController()
    const { id } = entry
    const decoded = decodeEnvelope(envelope)
    const end = (outcome: Outcome) => acknowledged.abort(outcome)
    if (id !== undefined && decoded.ok) this.#waiting.set(id, { receiver: decoded.value.receiver, end })
    try {
      for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
        const turn = AbortSignal.any([signal, acknowledged.signal])
        const tried = await deliver(entry.to, envelope, turn).then(
          (isRead): Outcome | undefined => (isRead ? {} : undefined),
          thrown => outcomeOf(errorFrom(thrown, 'peer-unreachable')),
        )
        if (signal.aborted) return undefined
        if (acknowledged.signal.aborted) return acknowledged.signal.reason as Outcome
        if (tried !== undefined && (tried.refusal?.retryable !== true || clock.nowMs() >= entry.expires))
          return tried
        if (clock.nowMs() >= entry.expires) return { refusal: new ParatiiError('message-expired') }
        await clock.sleep(waitMs, turn).catch(() => {})
        if (acknowledged.signal.aborted) return acknowledged.signal.reason as Outcome
      }
      return undefined
    } finally {
      if (id !== undefined) this.#waiting.delete(id)
    }
  }

  async #remove(slot: string, signal: AbortSignal): Promise<void> {
    // A newer envelope may have taken the slot meanwhile; it is not ours to remove.
    if (!signal.aborted) await this.#ports.records.write([{ table, key: slot, value: undefined }])
  }
}

const outcomeOf = (error: ParatiiError): Outcome =>
  error.code === 'message-replayed' ? {} : { refusal: error }
