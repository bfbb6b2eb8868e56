import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { ParatiiError } from '#std/error.ts'
import { runProgram } from './program.ts'
import type { MediaTools } from './tools.ts'

const readBytes = 1_048_576
const keyChars = 32

/**
 * Names what is encoded and how: the bytes of the file, the build of ffmpeg, and every argument it is given. What was
 * done under the same key may be used, under another it may not. Throws `file-absent`, `tool-absent`, `aborted`.
 */
export const packagingKey = async (
  file: string,
  recipe: readonly string[],
  tools: MediaTools,
  signal?: AbortSignal,
): Promise<string> => {
  const hash = createHash('sha256').update(recipe.join('\0'))
  await runProgram(tools.ffmpeg, ['-version'], { signal, onLine: line => hash.update(`\0${line}`) })
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: readBytes, signal })) hash.update(bytes)
  } catch (thrown) {
    if (signal?.aborted) throw new ParatiiError('aborted')
    throw new ParatiiError('file-absent', { file }, thrown)
  }
  return hash.digest('hex').slice(0, keyChars)
}
