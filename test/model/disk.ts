import { createMemoryRecords } from '#adapters/records-memory.ts'
import type { RecordChange, Records } from '#std/ports/records.ts'

type Write = { readonly changes: readonly RecordChange[]; readonly done: () => void }

/**
 * Records that outlive the process that writes them. A write waits until it is let land; a crash lets some of those
 * that wait land, the oldest first, and loses the others, and nobody hears of either.
 */
export class Disk {
  readonly #kept = createMemoryRecords()
  /** The same, for a look without waiting. */
  readonly #values = new Map<string, string>()
  #waiting: Write[] = []
  #process = 0

  /** What a process sees; nothing that it does counts once the next one has opened the disk. */
  open(): Records {
    const process = ++this.#process
    return {
      get: (table, key) => this.#kept.get(table, key),
      list: (table, prefix, options) => this.#kept.list(table, prefix, options),
      write: changes =>
        new Promise(done => {
          if (process === this.#process) this.#waiting.push({ changes, done })
        }),
    }
  }

  get isQuiet(): boolean {
    return this.#waiting.length === 0
  }

  look(table: string, key: string): unknown {
    const value = this.#values.get(`${table} ${key}`)
    return value === undefined ? undefined : JSON.parse(value)
  }

  /** The oldest write that waits reaches the disk, and its writer is told. */
  land(): void {
    const write = this.#waiting.shift()
    if (write === undefined) return
    this.#apply(write)
    write.done()
  }

  crash(landed: number): void {
    for (const write of this.#waiting.slice(0, landed)) this.#apply(write)
    this.#waiting = []
    this.#process++
  }

  #apply({ changes }: Write): void {
    void this.#kept.write(changes)
    for (const { table, key, value } of changes) {
      if (value === undefined) this.#values.delete(`${table} ${key}`)
      else this.#values.set(`${table} ${key}`, value)
    }
  }
}
