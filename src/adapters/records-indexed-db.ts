import { type DBSchema, openDB } from 'idb'
import { ParatiiError } from '#std/error.ts'
import type { RecordEntry, Records } from '#std/ports/records.ts'
import { checkRecordChanges, checkRecordName, rangeOf } from './record-keys.ts'

/** Records in one IndexedDB database. `close` when done; nothing may be asked afterwards. */
export type IndexedDbRecords = Records & { close(): void }

/** One object store for all tables, so that a new table needs no new version of the database. */
interface Schema extends DBSchema {
  records: { key: [table: string, key: string]; value: string }
}

/** Opens the database, making it where it is not yet. Writes are flushed to the disk unless a crash is all they have to survive. */
export const openIndexedDbRecords = async (name: string): Promise<IndexedDbRecords> => {
  const database = await attempt(() =>
    openDB<Schema>(name, 1, {
      upgrade(upgraded) {
        upgraded.createObjectStore('records')
      },
      // A newer version of the extension wants to open it: do not stand in its way.
      blocking() {
        void database.close()
      },
    }),
  )
  return {
    async get(table, key) {
      checkRecordName(table, key)
      return attempt(() => database.get('records', [table, key]))
    },
    async list(table, prefix, options = {}) {
      const { start, startsAfter, end } = rangeOf(prefix, options)
      if (options.limit === 0 || start >= end) return []
      const range = IDBKeyRange.bound([table, start], [table, end], startsAfter, true)
      return attempt(async () => {
        const store = database.transaction('records').store
        const [keys, values] = await Promise.all([
          store.getAllKeys(range, options.limit),
          store.getAll(range, options.limit),
        ])
        return keys.map(([, key], i): RecordEntry => ({ key, value: values[i] ?? '' }))
      })
    },
    async write(changes, { durability = 'power-loss' } = {}) {
      checkRecordChanges(changes)
      await attempt(async () => {
        const transaction = database.transaction('records', 'readwrite', {
          durability: durability === 'crash' ? 'relaxed' : 'strict',
        })
        const requests = changes.map(({ table, key, value }) =>
          value === undefined
            ? transaction.store.delete([table, key])
            : transaction.store.put(value, [table, key]),
        )
        await Promise.all([...requests, transaction.done])
      })
    },
    close() {
      database.close()
    },
  }
}

const attempt = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run()
  } catch (cause) {
    throw new ParatiiError('store-failed', {}, cause)
  }
}
