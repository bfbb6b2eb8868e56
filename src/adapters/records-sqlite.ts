import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ParatiiError } from '#std/error.ts'
import type { RecordEntry, Records } from '#std/ports/records.ts'
import { checkRecordChanges, checkRecordName, rangeOf } from './record-keys.ts'

/** Records in one SQLite file. `close` when done; nothing may be asked afterwards. */
export type SqliteRecords = Records & { close(): void }

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS records (
    name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key)
  ) STRICT, WITHOUT ROWID;
`

/** Opens the file, making it and its folder where they are not yet. What a write did survives the loss of power. */
export const openSqliteRecords = (path: string): SqliteRecords => {
  const database = attempt(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const opened = new DatabaseSync(path)
    opened.exec(schema)
    return opened
  })
  const select = database.prepare('SELECT value FROM records WHERE name = ? AND key = ?')
  const order = 'AND key < ? ORDER BY key LIMIT ?'
  const listFrom = database.prepare(`SELECT key, value FROM records WHERE name = ? AND key >= ? ${order}`)
  const listAfter = database.prepare(`SELECT key, value FROM records WHERE name = ? AND key > ? ${order}`)
  const put = database.prepare('INSERT OR REPLACE INTO records (name, key, value) VALUES (?, ?, ?)')
  const remove = database.prepare('DELETE FROM records WHERE name = ? AND key = ?')

  return {
    async get(table, key) {
      checkRecordName(table, key)
      const row = attempt(() => select.get(table, key))
      return row === undefined ? undefined : textOf(row.value)
    },
    async list(table, prefix, options = {}) {
      const { start, startsAfter, end } = rangeOf(prefix, options)
      const statement = startsAfter ? listAfter : listFrom
      const rows = attempt(() => statement.all(table, start, end, options.limit ?? -1))
      return rows.map((row): RecordEntry => ({ key: textOf(row.key), value: textOf(row.value) }))
    },
    async write(changes) {
      checkRecordChanges(changes)
      attempt(() => {
        database.exec('BEGIN IMMEDIATE')
        try {
          for (const { table, key, value } of changes) {
            if (value === undefined) remove.run(table, key)
            else put.run(table, key, value)
          }
          database.exec('COMMIT')
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK')
          throw error
        }
      })
    },
    close() {
      if (database.isOpen) database.close()
    },
  }
}

const textOf = (value: unknown): string => {
  if (typeof value !== 'string') throw new ParatiiError('store-failed', { reason: 'not text' })
  return value
}

const attempt = <T>(run: () => T): T => {
  try {
    return run()
  } catch (cause) {
    throw new ParatiiError('store-failed', {}, cause)
  }
}
