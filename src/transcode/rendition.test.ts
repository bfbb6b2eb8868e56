import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ladderFor, segmentSeconds } from './rendition.ts'
import type { FrameRate } from './source-media.ts'

const source = (width: number, height: number, frameRate?: FrameRate) => ({
  video: { stream: 0, width, height, frameRate, isInterlaced: false },
  audio: undefined,
})
const shape = (width: number, height: number) => {
  const [high] = ladderFor(source(width, height)).video
  return [high.name, high.width, high.height]
}
const rate = (frames: number, seconds = 1) => {
  const [{ frameRate, framesPerSegment }] = ladderFor(source(640, 360, { frames, seconds })).video
  return [frameRate.frames / frameRate.seconds, framesPerSegment]
}

describe('ladderFor', () => {
  it('fits wide, upright and 4:3 pictures into 720p and keeps their aspect', () => {
    expect(shape(3840, 2160)).toEqual(['v720', 1280, 720])
    expect(shape(1080, 1920)).toEqual(['v720', 720, 1280])
    expect(shape(1024, 768)).toEqual(['v720', 960, 720])
    expect(shape(2560, 1080)).toEqual(['v540', 1280, 540])
  })

  it('leaves small pictures as they are, but for the last odd pixel', () => {
    expect(shape(640, 360)).toEqual(['v360', 640, 360])
    expect(shape(853, 481)).toEqual(['v480', 852, 480])
    expect(shape(1, 1)).toEqual(['v2', 2, 2])
  })

  it('has a second rendition of 360p for all that is larger, upright too', () => {
    const low = (width: number, height: number) =>
      ladderFor(source(width, height))
        .video.slice(1)
        .map(one => [one.name, one.width, one.height])
    expect(low(1920, 1080)).toEqual([['v360', 640, 360]])
    expect(low(1080, 1920)).toEqual([['v360', 360, 640]])
    expect(low(1024, 768)).toEqual([['v360', 480, 360]])
    expect(low(2560, 1080)).toEqual([['v360', 852, 360]])
    expect(low(853, 481)).toEqual([['v360', 638, 360]])
    expect(low(640, 360)).toEqual([])
    expect(low(640, 361)).toEqual([])
    expect(low(320, 240)).toEqual([])
  })

  it('takes the nearest common frame rate, at most 60', () => {
    expect(rate(30_000, 1001)).toEqual([30_000 / 1001, 120])
    expect(rate(2990, 100)).toEqual([30_000 / 1001, 120])
    expect(rate(2999, 100)).toEqual([30, 120])
    expect(rate(240)).toEqual([60, 240])
    expect(rate(1, 10)).toEqual([10, 40])
    expect(rate(90_000)).toEqual([60, 240])
    expect(ladderFor(source(640, 360)).video[0].frameRate).toEqual({ frames: 30, seconds: 1 })
  })

  it('has sound only where the source has', () => {
    expect(ladderFor(source(640, 360)).audio).toBeUndefined()
    expect(ladderFor({ ...source(640, 360), audio: { stream: 1 } }).audio?.name).toBe('a128')
  })

  it('stays even, inside the box, near the aspect, and on whole segments, whatever the source', () => {
    const size = fc.integer({ min: 16, max: 16_384 })
    const frameRate = fc.record({
      frames: fc.integer({ min: 1, max: 240_000 }),
      seconds: fc.integer({ min: 1, max: 1001 }),
    })
    fc.assert(
      fc.property(size, size, frameRate, (width, height, sourceRate) => {
        const { video } = ladderFor(source(width, height, sourceRate))
        expect(video.length).toBeLessThanOrEqual(2)
        for (const one of video) {
          expect((one.width % 2) + (one.height % 2)).toBe(0)
          expect(Math.max(one.width, one.height)).toBeLessThanOrEqual(1280)
          expect(Math.min(one.width, one.height)).toBeLessThanOrEqual(720)
          expect(one.width).toBeLessThanOrEqual(Math.max(2, width))
          // Evenness costs less than two pixels of the side it falls on.
          expect(Math.abs(one.width * height - one.height * width)).toBeLessThanOrEqual(
            2.5 * Math.max(width, height),
          )
          expect(one.framesPerSegment).toBe(video[0].framesPerSegment)
        }
        const [{ framesPerSegment, frameRate }] = video
        const seconds = (framesPerSegment * frameRate.seconds) / frameRate.frames
        expect(seconds).toBeGreaterThanOrEqual(segmentSeconds)
        expect(seconds).toBeLessThan(segmentSeconds + frameRate.seconds / frameRate.frames)
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 300) },
    )
  })
})
