import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** A file of a packaged format. `path`: below its folder, with slashes. */
export type PackagedFile = {
  readonly path: string
  readonly size: number
  readonly content: AsyncIterable<Uint8Array>
}

const readBytes = 262_144

/** The files of a packaged format, by path. Content is read from disk only as far as it is asked for. */
export const listPackagedFiles = async (folder: string): Promise<readonly PackagedFile[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return Promise.all(
    paths.sort().map(async file => ({
      path: relative(folder, file).split(sep).join('/'),
      size: (await stat(file)).size,
      content: readFile(file),
    })),
  )
}

/** Opens the file only when it is read: a long film has thousands. */
async function* readFile(file: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file, { highWaterMark: readBytes })
}
