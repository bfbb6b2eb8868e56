import { bytesFromUint32, bytesFromUtf8, concatBytes, equalBytes, uint32At } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import { sha256 } from './hash.ts'

/** One frame (seed 003). `cmd`: 1 to 12 printable ASCII characters. */
export type Frame = { readonly version: number; readonly cmd: string; readonly data: Uint8Array }

/** version 4, cmd 12, datalen 4, checksum 4 */
export const frameHeaderLength = 24
const cmdLength = 12
const cmdPattern = /^[\x21-\x7e]{1,12}$/

/** `[version u32 = 0][cmd 12][datalen u32][checksum][data]`. Throws RangeError for a cmd that is none. */
export const encodeFrame = (cmd: string, data: Uint8Array): Uint8Array<ArrayBuffer> => {
  if (!cmdPattern.test(cmd)) throw new RangeError('a command is 1 to 12 printable ASCII characters')
  const padded = new Uint8Array(cmdLength)
  padded.set(bytesFromUtf8(cmd))
  return concatBytes(bytesFromUint32(0), padded, bytesFromUint32(data.length), checksumOf(data), data)
}

/** Parses bytes that are exactly one frame, as pubsub delivers them. */
export const decodeFrame = (bytes: Uint8Array, maxDataBytes: number): Result<Frame> => {
  const decoder = createFrameDecoder(maxDataBytes)
  const frames = decoder.push(bytes)
  if (!frames.ok) return frames
  const [frame, ...rest] = frames.value
  if (frame === undefined || rest.length > 0 || !decoder.isBetweenFrames()) {
    return failed('frame-malformed', { reason: 'not one frame' })
  }
  return ok(frame)
}

export type FrameDecoder = {
  /**
   * The frames that are complete with these bytes. After a failure (`frame-malformed`, `frame-too-long`,
   * `frame-checksum`) the stream cannot be trusted again: every later push fails alike.
   */
  push(bytes: Uint8Array): Result<readonly Frame[]>
  /** Whether a stream may end here. */
  isBetweenFrames(): boolean
}

/** Cuts a stream of bytes into frames, however it was split. Holds at most one frame of `maxDataBytes`. */
export const createFrameDecoder = (maxDataBytes: number): FrameDecoder => {
  const header = new Uint8Array(frameHeaderLength)
  let headerLength = 0
  let data = new Uint8Array(0)
  let dataLength = 0
  let broken: Result<never> | undefined

  /** Room for what arrives, never for what is only announced. */
  const append = (bytes: Uint8Array, announced: number): void => {
    const needed = dataLength + bytes.length
    if (needed > data.length) {
      const grown = new Uint8Array(Math.min(announced, Math.max(needed, 2 * data.length)))
      grown.set(data.subarray(0, dataLength))
      data = grown
    }
    data.set(bytes, dataLength)
    dataLength = needed
  }

  const cut = (bytes: Uint8Array): Result<readonly Frame[]> => {
    const frames: Frame[] = []
    let at = 0
    while (true) {
      if (headerLength < frameHeaderLength) {
        const taken = bytes.subarray(at, at + frameHeaderLength - headerLength)
        header.set(taken, headerLength)
        headerLength += taken.length
        at += taken.length
        if (headerLength < frameHeaderLength) return ok(frames)
      }
      const parsed = parseHeader(header, maxDataBytes)
      if (!parsed.ok) return parsed
      const { version, cmd, length, checksum } = parsed.value
      const taken = bytes.subarray(at, at + length - dataLength)
      append(taken, length)
      at += taken.length
      if (dataLength < length) return ok(frames)
      if (!equalBytes(checksumOf(data), checksum)) return failed('frame-checksum', { cmd })
      frames.push({ version, cmd, data })
      headerLength = 0
      dataLength = 0
      data = new Uint8Array(0)
    }
  }

  return {
    push(bytes) {
      if (broken !== undefined) return broken
      const frames = cut(bytes)
      if (!frames.ok) {
        broken = frames
        data = new Uint8Array(0)
      }
      return frames
    },
    isBetweenFrames: () => headerLength === 0,
  }
}

type Header = {
  readonly version: number
  readonly cmd: string
  readonly length: number
  readonly checksum: Uint8Array
}

/** A higher version is parsed all the same: its frames have the same outside. */
const parseHeader = (header: Uint8Array, maxDataBytes: number): Result<Header> => {
  const cmd = parseCmd(header.subarray(4, 4 + cmdLength))
  if (cmd === undefined) return failed('frame-malformed', { reason: 'command' })
  const length = uint32At(header, 16)
  if (length > maxDataBytes) return failed('frame-too-long', { bytes: length, maxBytes: maxDataBytes })
  return ok({ version: uint32At(header, 0), cmd, length, checksum: header.slice(20, frameHeaderLength) })
}

/** The command, `undefined` if a byte follows the padding, or one is not printable ASCII. */
const parseCmd = (bytes: Uint8Array): string | undefined => {
  const end = bytes.indexOf(0)
  const text = String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)))
  const padded = end < 0 || bytes.subarray(end).every(byte => byte === 0)
  return padded && cmdPattern.test(text) ? text : undefined
}

const checksumOf = (data: Uint8Array): Uint8Array => sha256(data).subarray(0, 4)
