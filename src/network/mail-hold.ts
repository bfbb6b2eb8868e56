import * as v from 'valibot'
import { hashField, parseFields, type Schema, uint53Field } from '#protocol/fields.ts'
import type { Hash } from '#std/brand.ts'
import { hexFromBytes, isHex, parseHex } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { RecordChange, Records } from '#std/ports/records.ts'

const mailTable = 'relay-mail'
const gotTable = 'relay-got'

export type HoldLimits = {
  /** How long an envelope waits for its receiver. A relay cannot see when a message expires. */
  readonly holdMs: number
  readonly topicBytes: number
  readonly allBytes: number
  /** Topics with mail that waits, each of which is joined. */
  readonly topics: number
  /** Names of what arrived; the oldest are forgotten first, and taken in once more if they are brought again. */
  readonly got: number
}

export const standardHoldLimits: HoldLimits = {
  holdMs: 3 * 86_400_000,
  topicBytes: 4 * 1_048_576,
  allBytes: 256 * 1_048_576,
  topics: 65_536,
  got: 65_536,
}

type Held = { readonly bytes: number; readonly untilMs: number }
type HexText = `0x${string}`
const hexText: Schema<HexText> = v.custom<HexText>(value => typeof value === 'string' && isHex(value))
const mailRecord: Schema<{ envelope: HexText; untilMs: number }> = v.object({
  envelope: hexText,
  untilMs: uint53Field,
})
const gotRecord: Schema<{ name: Hash; proof: HexText; untilMs: number }> = v.object({
  name: hashField,
  proof: hexText,
  untilMs: uint53Field,
})

/** What a relay keeps for receivers who are away, across restarts; and what it knows to have arrived already. */
export class MailHold {
  readonly #records: Records
  readonly #clock: Clock
  readonly #limits: HoldLimits
  readonly #topics = new Map<string, Map<Hash, Held>>()
  readonly #got = new Map<Hash, number>()
  #allBytes = 0

  private constructor(records: Records, clock: Clock, limits: HoldLimits) {
    this.#records = records
    this.#clock = clock
    this.#limits = limits
  }

  static async open(records: Records, clock: Clock, limits: HoldLimits): Promise<MailHold> {
    const hold = new MailHold(records, clock, limits)
    for (const { key, value } of await records.list(mailTable, '')) {
      const { envelope, untilMs } = orThrow(parseFields(mailRecord, JSON.parse(value), 'store-failed'))
      const [topic = '', name = ''] = key.split('/')
      hold.#note(topic, name as Hash, { bytes: (envelope.length - 2) / 2, untilMs })
    }
    for (const { value } of await records.list(gotTable, '')) {
      const { name, untilMs } = orThrow(parseFields(gotRecord, JSON.parse(value), 'store-failed'))
      hold.#got.set(name, untilMs)
    }
    await hold.sweep()
    return hold
  }

  /** Topics with mail that waits. */
  topics(): readonly string[] {
    return [...this.#topics.keys()]
  }

  /** Names of what waits on a topic, the oldest first. */
  list(topic: string): readonly Hash[] {
    return [...(this.#topics.get(topic)?.keys() ?? [])]
  }

  has(topic: string, name: Hash): boolean {
    return this.#topics.get(topic)?.has(name) ?? false
  }

  isGot(name: Hash): boolean {
    return this.#got.has(name)
  }

  /** Keeps an envelope, stored when it resolves; false if it is known. Throws `rate-limited` when there is no room. */
  async put(topic: string, name: Hash, envelope: Uint8Array): Promise<boolean> {
    if (this.isGot(name) || this.has(topic, name)) return false
    const { holdMs, topicBytes, allBytes, topics } = this.#limits
    const held = { bytes: envelope.length, untilMs: this.#clock.nowMs() + holdMs }
    let onTopic = held.bytes
    for (const { bytes } of this.#topics.get(topic)?.values() ?? []) onTopic += bytes
    const isNoRoom =
      onTopic > topicBytes ||
      this.#allBytes + held.bytes > allBytes ||
      (!this.#topics.has(topic) && this.#topics.size >= topics)
    if (isNoRoom) throw new ParatiiError('rate-limited')
    this.#note(topic, name, held)
    const value = JSON.stringify({ envelope: hexFromBytes(envelope), untilMs: held.untilMs })
    await this.#records.write([{ table: mailTable, key: `${topic}/${name}`, value }])
    return true
  }

  /** An envelope that waits; undefined once it is gone. */
  async get(topic: string, name: Hash): Promise<Uint8Array | undefined> {
    const value = await this.#records.get(mailTable, `${topic}/${name}`)
    if (value === undefined) return undefined
    return parseHex(orThrow(parseFields(mailRecord, JSON.parse(value), 'store-failed')).envelope)
  }

  /** Drops what arrived, and remembers it with the receiver's word for it, so that it is never taken in again. */
  async drop(topic: string, names: readonly Hash[], proof: Uint8Array): Promise<readonly Hash[]> {
    const news = names.filter(name => !this.isGot(name))
    const untilMs = this.#clock.nowMs() + this.#limits.holdMs
    const changes: RecordChange[] = []
    for (const name of news) {
      this.#forget(topic, name)
      this.#got.set(name, untilMs)
      const value = JSON.stringify({ name, proof: hexFromBytes(proof), untilMs })
      changes.push({ table: gotTable, key: name, value })
      changes.push({ table: mailTable, key: `${topic}/${name}`, value: undefined })
    }
    for (const oldest of this.#got.keys()) {
      if (this.#got.size <= this.#limits.got) break
      this.#got.delete(oldest)
      changes.push({ table: gotTable, key: oldest, value: undefined })
    }
    if (changes.length > 0) await this.#records.write(changes)
    return news
  }

  /** The receiver's word that an envelope arrived. */
  async proofOf(name: Hash): Promise<Uint8Array | undefined> {
    const value = await this.#records.get(gotTable, name)
    if (value === undefined) return undefined
    return parseHex(orThrow(parseFields(gotRecord, JSON.parse(value), 'store-failed')).proof)
  }

  /** Forgets what was kept long enough. */
  async sweep(): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const changes: RecordChange[] = []
    for (const [topic, mail] of this.#topics) {
      for (const [name, { untilMs }] of mail) {
        if (untilMs > nowMs) continue
        this.#forget(topic, name)
        changes.push({ table: mailTable, key: `${topic}/${name}`, value: undefined })
      }
    }
    for (const [name, untilMs] of this.#got) {
      if (untilMs > nowMs) continue
      this.#got.delete(name)
      changes.push({ table: gotTable, key: name, value: undefined })
    }
    if (changes.length > 0) await this.#records.write(changes)
  }

  #note(topic: string, name: Hash, held: Held): void {
    const mail = this.#topics.get(topic) ?? new Map<Hash, Held>()
    this.#topics.set(topic, mail)
    mail.set(name, held)
    this.#allBytes += held.bytes
  }

  #forget(topic: string, name: Hash): void {
    const mail = this.#topics.get(topic)
    this.#allBytes -= mail?.get(name)?.bytes ?? 0
    mail?.delete(name)
    if (mail?.size === 0) this.#topics.delete(topic)
  }
}
