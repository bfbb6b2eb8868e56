import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorFrom } from '#std/error.ts'

/**
 * Writes a text file that only its owner may read (mode 0600), making its folder (0700). After a crash the old file
 * or the new one is there, never half of one. Throws `store-failed`.
 */
export const writePrivateFile = async (path: string, text: string): Promise<void> => {
  const partial = `${path}.${process.pid}.part`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await using file = await open(partial, 'w', 0o600)
    await file.writeFile(text)
    await file.sync()
    await rename(partial, path)
  } catch (thrown) {
    await rm(partial, { force: true })
    throw errorFrom(thrown, 'store-failed')
  }
}
