import 'fake-indexeddb/auto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { describeRecords } from './records.compliance.ts'
import { openIndexedDbRecords } from './records-indexed-db.ts'
import { createMemoryRecords } from './records-memory.ts'
import { openSqliteRecords } from './records-sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'paratii-records-'))
const opened: { close(): void }[] = []
let counter = 0

const keep = <T extends { close(): void }>(records: T): T => {
  opened.push(records)
  return records
}

afterAll(() => {
  for (const records of opened) records.close()
  rmSync(folder, { recursive: true, force: true })
})

describeRecords('memory', createMemoryRecords)
describeRecords('SQLite', () => keep(openSqliteRecords(join(folder, 'deep', `${counter++}.sqlite`))))
describeRecords('IndexedDB', async () => keep(await openIndexedDbRecords(`records ${counter++}`)))

describe('records on disk', () => {
  it('are there when SQLite opens the file again', async () => {
    const path = join(folder, 'again.sqlite')
    const first = openSqliteRecords(path)
    await first.write([{ table: 't', key: 'k', value: '1' }])
    first.close()
    expect(await keep(openSqliteRecords(path)).get('t', 'k')).toBe('1')
  })

  it('are there when IndexedDB opens the database again', async () => {
    const first = await openIndexedDbRecords('again')
    await first.write([{ table: 't', key: 'k', value: '1' }])
    first.close()
    expect(await keep(await openIndexedDbRecords('again')).get('t', 'k')).toBe('1')
  })

  it('say store-failed for a file that is no database', () => {
    const path = join(folder, 'text.sqlite')
    writeFileSync(path, 'this is no database, but it is long enough to be looked at as one'.repeat(20))
    expect(() => openSqliteRecords(path)).toThrow(expect.objectContaining({ code: 'store-failed' }))
  })

  it('say store-failed once closed', async () => {
    const records = openSqliteRecords(join(folder, 'closed.sqlite'))
    records.close()
    records.close()
    await expect(records.get('t', 'k')).rejects.toMatchObject({ code: 'store-failed' })
  })
})
