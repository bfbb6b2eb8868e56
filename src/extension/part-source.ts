import type { ByteRange, Reading } from '#roles/viewer/api.ts'
import { ParatiiError } from '#std/error.ts'
import { type AskedRange, resolveRange } from './byte-range.ts'
import type { StreamSource } from './stream-sender.ts'

/** Reads a part of one file. */
export type ReadPart = (part: ByteRange | undefined, signal: AbortSignal) => Promise<Reading>

/** What is sent of a file for the range that was asked for. `recycle` takes buffers back. */
export async function sourceOf(
  read: ReadPart,
  recycle: StreamSource['recycle'],
  range: AskedRange | undefined,
  signal: AbortSignal,
): Promise<StreamSource> {
  const open = async (asked: AskedRange | undefined) => {
    if (asked === undefined) return read(undefined, signal)
    if ('first' in asked) {
      const { first: start, last: end } = asked
      return read(end === undefined ? { start } : { start, end }, signal)
    }
    // Only its size says where the last bytes of a file begin; nothing is fetched to learn it.
    const { size } = await read(undefined, signal)
    const part = resolveRange(asked, size)
    if (part === undefined) throw new ParatiiError('range-invalid', { size })
    return read({ start: part.start, end: part.end - 1 }, signal)
  }
  const { size, start, end, contentType, body } = await open(range)
  return { size, start, end: end + 1, contentType, body, recycle }
}
