import fc from 'fast-check'
import { expect, it } from 'vitest'
import { concatBytes } from '#std/bytes.ts'
import { familyOf } from '#std/error.ts'
import { createFrameDecoder, decodeFrame, encodeFrame, type Frame } from './frame.ts'

const runs = Number(process.env.FC_NUM_RUNS ?? 300)
const limit = 2048
const cmd = fc.stringMatching(/^[a-z]{1,12}$/)
const frames = fc.array(fc.record({ cmd, data: fc.uint8Array({ maxLength: limit }) }), { maxLength: 5 })

const split = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))
}

it('any split of a stream gives the same frames', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 40 }), (sent, cuts) => {
      const stream = concatBytes(...sent.map(frame => encodeFrame(frame.cmd, frame.data)))
      const decoder = createFrameDecoder(limit)
      const got: Frame[] = []
      for (const part of split(stream, cuts)) {
        const result = decoder.push(part)
        if (!result.ok) throw new Error(result.error.code)
        got.push(...result.value)
      }
      expect(got.map(frame => ({ cmd: frame.cmd, data: frame.data }))).toEqual(sent)
      expect(decoder.isBetweenFrames()).toBe(true)
    }),
    { numRuns: runs },
  )
})

it('whatever arrives is a frame or Malformed, never a throw', () => {
  const valid = fc
    .tuple(cmd, fc.uint8Array({ maxLength: 100 }))
    .map(([name, data]) => encodeFrame(name, data))
  const mutated = fc.tuple(valid, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
    bytes[at % bytes.length] = byte
    return bytes
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), bytes => {
      const decoded = decodeFrame(bytes, limit)
      if (!decoded.ok) expect(familyOf(decoded.error.code)).toBe('Malformed')
    }),
    { numRuns: runs },
  )
})
