import * as v from 'valibot'
import {
  listField,
  messageIdField,
  multiaddrField,
  parseFields,
  publicKeyField,
  type Schema,
  uint53Field,
} from '#protocol/fields.ts'
import type { Hex, PublicKey } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes, isHex } from '#std/bytes.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Records } from '#std/ports/records.ts'

const table = 'mail-outgoing'
const firstRetryMs = 2_000
const longestRetryMs = 60_000

/** A message on its way. */
export type OutgoingMail = {
  readonly id: Hex
  readonly to: PublicKey
  readonly type: string
  readonly envelope: Uint8Array
  /** Secret key of the message's `replyTo`, made for it alone. */
  readonly replyKey: Uint8Array
  readonly addresses: readonly string[]
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** What became of a message: its reader has it, refused it for good with `code`, or nobody said so in time. */
export type SentReport = {
  readonly id: Hex
  readonly to: PublicKey
  readonly type: string
  readonly outcome: 'delivered' | 'refused' | 'expired'
  readonly code?: string
}

export type OutgoingPorts = {
  readonly records: Records
  readonly clock: Clock
  /** One try: true when the receiver has it, false when it may be on its way; throws when it is refused for good. */
  attempt(mail: OutgoingMail, signal: AbortSignal): Promise<boolean>
  /** Called before the first try and after the last. */
  onOpen(mail: OutgoingMail): void
  onClose(mail: OutgoingMail): void
  /** A report was not taken: the message stays stored, and is reported after the next start. */
  onFault(error: ParatiiError): void
}

const hexText: Schema<Hex> = v.custom<Hex>(value => typeof value === 'string' && isHex(value))
const mailRecord: Schema<Omit<OutgoingMail, 'envelope' | 'replyKey'> & { envelope: Hex; replyKey: Hex }> =
  v.object({
    id: messageIdField,
    to: publicKeyField,
    type: v.string(),
    envelope: hexText,
    replyKey: hexText,
    addresses: listField(multiaddrField, 16),
    expires: uint53Field,
  })

type Under = { readonly ended: AbortController; readonly working: Promise<void> }
type Outcome = Pick<SentReport, 'outcome' | 'code'>

/**
 * Messages until they are acknowledged, refused or expired: stored before the first try, tried with backoff, across
 * restarts. Each is reported once; its row goes when the report was taken.
 */
export class Outgoing {
  readonly #ports: OutgoingPorts
  readonly #under = new Map<Hex, Under>()
  readonly #stopping = new AbortController()
  #hurry = new AbortController()
  #report: (report: SentReport) => Promise<void> = async () => {}

  constructor(ports: OutgoingPorts) {
    this.#ports = ports
  }

  /** Goes on with what an earlier run left. */
  async start(report: (report: SentReport) => Promise<void>): Promise<void> {
    this.#report = report
    for (const { value } of await this.#ports.records.list(table, '')) {
      const { envelope, replyKey, ...rest } = orThrow(
        parseFields(mailRecord, JSON.parse(value), 'store-failed'),
      )
      if (this.#under.has(rest.id)) continue
      this.#begin({ ...rest, envelope: bytesFromHex(envelope), replyKey: bytesFromHex(replyKey) })
    }
  }

  /** Stores a message and begins to send it; resolves once it is stored. */
  async put(mail: OutgoingMail): Promise<Hex> {
    const { envelope, replyKey, ...rest } = mail
    const value = JSON.stringify({
      ...rest,
      envelope: hexFromBytes(envelope),
      replyKey: hexFromBytes(replyKey),
    })
    await this.#ports.records.write([{ table, key: mail.id, value }])
    if (!this.#stopping.signal.aborted) this.#begin(mail)
    return mail.id
  }

  /**
   * The receiver said that it has a message, or why it never will. Resolves once that was reported and the row is gone:
   * an acknowledgement that is given up before that time would never come again. Throws `stopping` when we stop first.
   */
  async settle(id: Hex, code: string | undefined): Promise<void> {
    const outcome: Outcome = code === undefined ? { outcome: 'delivered' } : { outcome: 'refused', code }
    const under = this.#under.get(id)
    under?.ended.abort(outcome)
    await under?.working
    if ((await this.#ports.records.get(table, id)) !== undefined) throw new ParatiiError('stopping')
  }

  /** Tries everything again now: a way out has opened. */
  hurry(): void {
    this.#hurry.abort()
    this.#hurry = new AbortController()
  }

  /** Stops trying; what is not settled stays stored. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled([...this.#under.values()].map(({ working }) => working))
  }

  #begin(mail: OutgoingMail): void {
    const ended = new AbortController()
    this.#ports.onOpen(mail)
    const working = this.#send(mail, ended).finally(() => {
      this.#under.delete(mail.id)
      this.#ports.onClose(mail)
    })
    working.catch(thrown => this.#ports.onFault(errorFrom(thrown)))
    this.#under.set(mail.id, { ended, working })
  }

  async #send(mail: OutgoingMail, ended: AbortController): Promise<void> {
    const { records } = this.#ports
    const outcome = await this.#outcomeOf(mail, ended.signal)
    if (outcome === undefined) return
    const { id, to, type } = mail
    await this.#report({ id, to, type, ...outcome })
    await records.write([{ table, key: id, value: undefined }])
  }

  /** Undefined when we are stopping. */
  async #outcomeOf(mail: OutgoingMail, ended: AbortSignal): Promise<Outcome | undefined> {
    const { attempt, clock } = this.#ports
    const signal = AbortSignal.any([ended, this.#stopping.signal])
    for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      const hurry = this.#hurry.signal
      const leftMs = mail.expires - clock.nowMs()
      if (leftMs <= 0) return { outcome: 'expired' }
      const tried = await attempt(mail, signal).then(
        isDone => (isDone ? { outcome: 'delivered' as const } : undefined),
        (thrown): Outcome | undefined => refusalOf(errorFrom(thrown, 'peer-unreachable')),
      )
      if (signal.aborted) break
      if (tried !== undefined) return tried
      const pause = AbortSignal.any([signal, hurry])
      await clock.sleep(Math.max(1, Math.min(waitMs, mail.expires - clock.nowMs())), pause).catch(() => {})
    }
    return ended.aborted ? (ended.reason as Outcome) : undefined
  }
}

/** What may pass is tried again. */
const refusalOf = (error: ParatiiError): Outcome | undefined =>
  error.retryable ? undefined : { outcome: 'refused', code: error.code }
