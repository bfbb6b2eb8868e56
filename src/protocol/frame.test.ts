import { describe, expect, it } from 'vitest'
import type { Hex } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, concatBytes, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/frame.json' with { type: 'json' }
import { createFrameDecoder, decodeFrame, encodeFrame, frameHeaderLength } from './frame.ts'

const limit = 1000
const hello = encodeFrame('mail', bytesFromUtf8('hello'))
const changed = (at: number, byte: number): Uint8Array => {
  const bytes = hello.slice()
  bytes[at] = byte
  return bytes
}

describe('a frame', () => {
  it.each(vectors)('is encoded and decoded as in its golden vector ($cmd)', ({ cmd, data, frame }) => {
    expect(hexFromBytes(encodeFrame(cmd, bytesFromHex(data as Hex)))).toBe(frame)
    const decoded = decodeFrame(bytesFromHex(frame as Hex), limit)
    expect(decoded).toMatchObject({ ok: true, value: { version: 0, cmd, data: bytesFromHex(data as Hex) } })
  })

  it('of a higher version is parsed all the same', () => {
    expect(decodeFrame(changed(3, 7), limit)).toMatchObject({ ok: true, value: { version: 7, cmd: 'mail' } })
  })

  it.each([
    ['a byte after the padding began', changed(10, 0x61), 'frame-malformed'],
    ['an empty command', changed(4, 0), 'frame-malformed'],
    ['a command that is not ASCII', changed(4, 0xe9), 'frame-malformed'],
    ['a space in its command', changed(4, 0x20), 'frame-malformed'],
    ['a wrong checksum', changed(20, (hello[20] ?? 0) ^ 1), 'frame-checksum'],
    ['a changed byte', changed(frameHeaderLength, 0), 'frame-checksum'],
    ['a length above the limit', changed(18, 0xff), 'frame-too-long'],
    ['a byte too few', hello.subarray(0, -1), 'frame-malformed'],
    ['a byte too many', concatBytes(hello, Uint8Array.of(0)), 'frame-malformed'],
    ['another frame behind it', concatBytes(hello, hello), 'frame-malformed'],
    ['no bytes', new Uint8Array(), 'frame-malformed'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(decodeFrame(bytes, limit)).toMatchObject({ ok: false, error: { code } })
  })

  it.each(['', 'thirteen-long', 'sp ace', 'é'])('is never made with the command %j', cmd => {
    expect(() => encodeFrame(cmd, new Uint8Array())).toThrow(RangeError)
  })
})

describe('a stream of frames', () => {
  it('never trusts again a stream that broke', () => {
    const decoder = createFrameDecoder(limit)
    expect(decoder.push(changed(20, 0))).toMatchObject({ ok: false })
    expect(decoder.push(hello)).toMatchObject({ ok: false })
  })

  it('may end between frames only', () => {
    const decoder = createFrameDecoder(limit)
    expect(decoder.isBetweenFrames()).toBe(true)
    decoder.push(hello.subarray(0, 5))
    expect(decoder.isBetweenFrames()).toBe(false)
    decoder.push(hello.subarray(5, -1))
    expect(decoder.isBetweenFrames()).toBe(false)
    decoder.push(hello.subarray(-1))
    expect(decoder.isBetweenFrames()).toBe(true)
  })

  it('gives frames that do not change with the bytes they came from', () => {
    const bytes = hello.slice()
    const decoded = decodeFrame(bytes, limit)
    bytes.fill(0)
    expect(decoded).toMatchObject({ value: { data: bytesFromUtf8('hello') } })
  })
})
