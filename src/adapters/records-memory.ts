import type { RecordEntry, Records } from '#std/ports/records.ts'
import { checkRecordChanges, checkRecordName, rangeOf } from './record-keys.ts'

/** Records that live as long as the object: tests, and what a private window may keep. */
export const createMemoryRecords = (): Records => {
  const tables = new Map<string, Map<string, string>>()
  return {
    async get(table, key) {
      checkRecordName(table, key)
      return tables.get(table)?.get(key)
    },
    async list(table, prefix, options = {}) {
      const { start, startsAfter, end } = rangeOf(prefix, options)
      const entries: RecordEntry[] = []
      for (const [key, value] of tables.get(table) ?? []) {
        if (key < end && (startsAfter ? key > start : key >= start)) entries.push({ key, value })
      }
      entries.sort((a, b) => (a.key < b.key ? -1 : 1))
      return entries.slice(0, options.limit)
    },
    async write(changes) {
      checkRecordChanges(changes)
      for (const { table, key, value } of changes) {
        const records = tables.get(table) ?? new Map<string, string>()
        tables.set(table, records)
        if (value === undefined) records.delete(key)
        else records.set(key, value)
      }
    },
  }
}
