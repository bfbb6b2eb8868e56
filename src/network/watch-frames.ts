import { ParatiiError } from '#std/error.ts'
import type { FrameStream } from './frame-stream.ts'

/** Both sides of a viewing by the second speak it (docs/spec/watch.md). */
export const watchProtocol = '/paratii/watch/1'
/** How long one side waits for the other's next word where one is due. */
export const watchTurnMs = 30_000
/** Bytes of a chunk in one frame, at most. */
export const watchDataBytes = 1_048_576

/** Sends bytes in `data` frames. */
export const writeData = async (
  frames: FrameStream,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> => {
  for (let at = 0; at < bytes.length; at += watchDataBytes)
    await frames.write('data', bytes.subarray(at, at + watchDataBytes), signal)
}

/** Reads `data` frames until there are exactly `length` bytes; `frame-malformed` for anything else. */
export const readData = async (
  frames: FrameStream,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  const whole = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const frame = await frames.read(signal)
    if (frame === undefined) throw new ParatiiError('peer-unreachable', { reason: 'cut' })
    const { length: more } = frame.data
    if (frame.cmd !== 'data' || more === 0 || at + more > length)
      throw new ParatiiError('frame-malformed', { reason: frame.cmd })
    whole.set(frame.data, at)
    at += more
  }
  return whole
}
