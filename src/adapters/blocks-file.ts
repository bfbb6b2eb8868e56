import { close, open as openFile, readv } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Cid } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'

/**
 * Blocks as files of one folder, 256 shards by the last two characters of the CID (the first ones are all alike).
 * A block is written beside its place, flushed, and renamed into it, so that after a crash it is whole or absent.
 */
export const openFileBlocks = async (folder: string): Promise<Blocks> => {
  const arriving = join(folder, 'arriving')
  const knownShards = new Set<string>()
  let counter = 0

  await attempt(async () => {
    await mkdir(arriving, { recursive: true, mode: 0o700 })
    // What a crash left half written. A folder belongs to one process, so nobody is writing these.
    await Promise.all((await readdir(arriving)).map(name => rm(join(arriving, name), { force: true })))
  })

  const pathOf = (cid: Cid): string => join(folder, cid.slice(-2), cid)

  const makeShard = async (shard: string): Promise<void> => {
    if (knownShards.has(shard)) return
    await mkdir(shard, { recursive: true, mode: 0o700 })
    await flush(folder)
    knownShards.add(shard)
  }

  return {
    get: (cid, into) =>
      attempt(() =>
        absentAsUndefined(into === undefined ? readFile(pathOf(cid)) : readInto(pathOf(cid), into)),
      ),
    has: cid => attempt(async () => (await absentAsUndefined(access(pathOf(cid)).then(() => true))) ?? false),
    put: (cid, bytes) => {
      const own = bytes.slice()
      return attempt(async () => {
        const path = pathOf(cid)
        await makeShard(dirname(path))
        const partial = join(arriving, `${cid}.${counter++}`)
        try {
          const file = await open(partial, 'wx', 0o600)
          try {
            await file.writeFile(own)
            await file.sync()
          } finally {
            await file.close()
          }
          await rename(partial, path)
        } catch (error) {
          await rm(partial, { force: true })
          throw error
        }
        await flush(dirname(path))
      })
    },
  }
}

const [openDescriptor, readInParts, closeDescriptor] = [
  promisify(openFile),
  promisify(readv),
  promisify(close),
]

/**
 * Three calls of the thread pool, where a file handle would take four: a byte of room behind the caller's memory tells
 * of a block that does not fit. A file is read short only at its end, and who knows a block's size sees what lacks.
 */
const readInto = async (path: string, into: Uint8Array): Promise<Uint8Array> => {
  const file = await openDescriptor(path, 'r')
  try {
    const { bytesRead } = await readInParts(file, [into, new Uint8Array(1)], 0)
    return bytesRead > into.length ? await readFile(path) : into.subarray(0, bytesRead)
  } finally {
    await closeDescriptor(file)
  }
}

/** Makes what was named in a folder survive the loss of power. */
const flush = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const absentAsUndefined = async <T>(reading: Promise<T>): Promise<T | undefined> => {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const attempt = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run()
  } catch (cause) {
    throw new ParatiiError('store-failed', {}, cause)
  }
}
