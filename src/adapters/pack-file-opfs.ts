import { ParatiiError } from '#std/error.ts'
import { clockSystem } from './clock-system.ts'
import type { PackFile } from './pack-file.ts'

const tries = 30
const waitMs = 100

/**
 * A file of the browser's origin private file system, for a dedicated Worker. The browser gives it to one holder at
 * a time: that of a Worker just killed is waited for, up to 3 s. `store-failed` when it stays taken, or there is none.
 */
export const openOpfsFile = async (name: string): Promise<PackFile> => {
  try {
    const folder = await navigator.storage.getDirectory()
    const file = await folder.getFileHandle(name, { create: true })
    for (let left = tries; ; left--) {
      try {
        return await file.createSyncAccessHandle()
      } catch (thrown) {
        const isTaken = thrown instanceof DOMException && thrown.name === 'NoModificationAllowedError'
        if (!isTaken || left === 0) throw thrown
        await clockSystem.sleep(waitMs)
      }
    }
  } catch (cause) {
    throw new ParatiiError('store-failed', { name }, cause)
  }
}
