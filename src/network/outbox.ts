import { hexFromBytes, parseHex } from '#std/bytes.ts'
import { errorFrom, type ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Records } from '#std/ports/records.ts'

const table = 'mail-outbox'
const firstRetryMs = 1_000
const longestRetryMs = 60_000

export type OutboxPorts = {
  readonly records: Records
  readonly clock: Clock
  /** Delivers an envelope to a correspondent by its name; throws to have it tried again. */
  deliver(to: string, envelope: Uint8Array, signal: AbortSignal): Promise<void>
  /** A message that its receiver will never take, or that expired. */
  onRefused?(slot: string, error: ParatiiError): void
}

/** An envelope on its way. */
type Entry = { readonly to: string; readonly envelope: string; readonly expires: number }

/**
 * Envelopes that money depends on: stored before they are first sent, sent again with backoff until they are
 * acknowledged or expire, across restarts. A slot holds one envelope: a newer receipt takes the older one's place.
 */
export class Outbox {
  readonly #ports: OutboxPorts
  readonly #stopping = new AbortController()
  /** The newest generation of each slot; a sender of an older one gives up. */
  readonly #newest = new Map<string, AbortController>()
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
  async put(slot: string, to: string, envelope: Uint8Array, expires: number): Promise<void> {
    const entry: Entry = { to, envelope: hexFromBytes(envelope), expires }
    await this.#ports.records.write([{ table, key: slot, value: JSON.stringify(entry) }])
    this.#begin(slot, entry)
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
    const { clock, deliver, onRefused } = this.#ports
    const envelope = parseHex(entry.envelope) ?? new Uint8Array(0)
    for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      const error = await deliver(entry.to, envelope, signal).then(
        () => undefined,
        thrown => errorFrom(thrown, 'peer-unreachable'),
      )
      if (signal.aborted) return
      if (error === undefined || error.code === 'message-replayed') return this.#remove(slot, signal)
      if (!error.retryable || clock.nowMs() >= entry.expires) {
        await this.#remove(slot, signal)
        onRefused?.(slot, error)
        return
      }
      await clock.sleep(waitMs, signal)
    }
  }

  async #remove(slot: string, signal: AbortSignal): Promise<void> {
    // A newer envelope may have taken the slot meanwhile; it is not ours to remove.
    if (!signal.aborted) await this.#ports.records.write([{ table, key: slot, value: undefined }])
  }
}
