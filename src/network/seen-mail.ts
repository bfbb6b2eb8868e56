import type { MessageHeader } from '#protocol/message.ts'
import { ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Records } from '#std/ports/records.ts'

const table = 'mail-seen'
/** Expired names are swept out whenever so many new ones came. */
const sweepEvery = 1000

/** The ids of messages that were read, kept across restarts until the messages expire: each is read once. */
export class SeenMail {
  readonly #records: Records
  readonly #clock: Clock
  readonly #underWay = new Set<string>()
  #sinceSweep = 0

  constructor(records: Records, clock: Clock) {
    this.#records = records
    this.#clock = clock
  }

  /** Runs `read` unless the message was read before (`message-replayed`); it counts as read only if that succeeds. */
  async once(message: MessageHeader, read: () => Promise<void>): Promise<void> {
    const { id, expires } = message
    // Nobody knows yet whether it will count: told to come again, the sender hears the truth then.
    if (this.#underWay.has(id)) throw new ParatiiError('rate-limited', { underWay: true })
    this.#underWay.add(id)
    try {
      if ((await this.#records.get(table, id)) !== undefined) throw new ParatiiError('message-replayed')
      await read()
      await this.#records.write([{ table, key: id, value: JSON.stringify(expires) }])
    } finally {
      this.#underWay.delete(id)
    }
    if (++this.#sinceSweep >= sweepEvery) await this.forgetExpired()
  }

  /** Drops the ids of messages that would be refused for their age anyhow. */
  async forgetExpired(): Promise<void> {
    this.#sinceSweep = 0
    const nowMs = this.#clock.nowMs()
    const entries = await this.#records.list(table, '')
    const expired = entries.filter(({ value }) => !(Number(JSON.parse(value)) > nowMs))
    await this.#records.write(expired.map(({ key }) => ({ table, key, value: undefined })))
  }
}
