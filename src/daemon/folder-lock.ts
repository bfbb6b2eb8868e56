import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ParatiiError } from '#std/error.ts'

/** A folder that is ours alone until it is released, or this process ends in any way. */
export type FolderLock = { release(): void }

/**
 * Takes a folder for one process. The lock is one of the operating system on a file in it (SQLite holds it for us), so
 * a killed process leaves none behind and no process id can be mistaken. `purpose` names the file: locks of different
 * purposes do not meet. Throws `folder-in-use`, `store-failed`.
 */
export const lockFolder = (folder: string, purpose: string): FolderLock => {
  const database = openDatabase(folder, purpose)
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new ParatiiError('folder-in-use', { folder, purpose }, cause)
  }
  return {
    release: () => {
      if (database.isOpen) database.close()
    },
  }
}

const openDatabase = (folder: string, purpose: string): DatabaseSync => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return new DatabaseSync(join(folder, `${purpose}.lock`))
  } catch (cause) {
    throw new ParatiiError('store-failed', { folder }, cause)
  }
}
