import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Address } from '#std/brand.ts'
import type { Stage } from './stage.ts'

/**
 * All that the roles of a stage keep on disk, by file, and the chain: its block and these accounts' balances. To be
 * compared before and after something that must change nothing.
 *
 * Left out is what says nothing of money or videos: packs, which are caches that note when they were used, and the
 * ids of letters that were read, refused ones among them.
 */
export const takeSnapshot = async (
  stage: Pick<Stage, 'folder' | 'balance' | 'reader'>,
  accounts: readonly Address[],
) => {
  const files = await hashFiles(stage.folder)
  const balances = await Promise.all(accounts.map(account => stage.balance(account)))
  return { files, block: (await stage.reader.head()).number, balances }
}

/** The same without the chain: a digest of each file. */
export const hashFiles = async (folder: string): Promise<Record<string, string>> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = found.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const files: Record<string, string> = {}
  for (const path of paths.toSorted())
    if (!/-(wal|shm)$|\.pack$/.test(path)) files[relative(folder, path)] = await hashFile(path)
  return files
}

/** A database by its rows: its file changes with what SQLite does for itself. */
const hashFile = async (path: string): Promise<string> => {
  const content = path.endsWith('.db') ? readRows(path) : await readFile(path)
  return createHash('sha256').update(content).digest('hex')
}

const readRows = (path: string): string => {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = database
      .prepare("SELECT name, key, value FROM records WHERE name <> 'mail-seen' ORDER BY name, key")
      .all()
    return JSON.stringify(rows)
  } finally {
    database.close()
  }
}
