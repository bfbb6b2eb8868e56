import type { FrameRate, SourceMedia } from './source-media.ts'

/** Length of a segment, and so of the video's closed groups of pictures: at least this, less than a frame more. */
export const segmentSeconds = 4

export type VideoRendition = {
  /** Its folder, `v` and the short side in pixels. */
  readonly name: string
  readonly width: number
  readonly height: number
  readonly frameRate: FrameRate
  readonly framesPerSegment: number
  readonly maxBitsPerSecond: number
}

export type AudioRendition = {
  /** Its folder, `a` and kilobits a second. */
  readonly name: string
  readonly bitsPerSecond: number
  readonly samplesPerSecond: number
  readonly channels: number
}

/** `video`: the largest first, all with the same frames in the same segments. */
export type Ladder = {
  readonly video: readonly [VideoRendition, ...VideoRendition[]]
  readonly audio: AudioRendition | undefined
}

type Size = { readonly width: number; readonly height: number }

const maxLongSide = 1280
const maxShortSide = 720
const lowShortSide = 360
const bitsPerPixel = 0.11
const minBitsPerSecond = 200_000
const maxBitsPerSecond = 5_000_000

/** Rates that players and screens know; whatever a file claims, the nearest of them is published. */
const frameRates: readonly FrameRate[] = [
  { frames: 10, seconds: 1 },
  { frames: 12, seconds: 1 },
  { frames: 15, seconds: 1 },
  { frames: 20, seconds: 1 },
  { frames: 24_000, seconds: 1001 },
  { frames: 24, seconds: 1 },
  { frames: 25, seconds: 1 },
  { frames: 30_000, seconds: 1001 },
  { frames: 30, seconds: 1 },
  { frames: 48, seconds: 1 },
  { frames: 50, seconds: 1 },
  { frames: 60_000, seconds: 1001 },
  { frames: 60, seconds: 1 },
]
const unknownFrameRate: FrameRate = { frames: 30, seconds: 1 }

/**
 * The renditions a source is published in: one of video within 1280 x 720 (or upright, 720 x 1280), never larger
 * than the source; a second whose short side is 360, if that is smaller; one of stereo sound if the source has any.
 * Both keep the aspect, to the even size below.
 */
export const ladderFor = ({ video, audio }: Pick<SourceMedia, 'video' | 'audio'>): Ladder => {
  const frameRate = nearestFrameRate(video.frameRate)
  const high = scaleBy(
    video,
    Math.min(
      1,
      maxLongSide / Math.max(video.width, video.height),
      maxShortSide / Math.min(video.width, video.height),
    ),
  )
  const low = scaleBy(video, lowShortSide / Math.min(video.width, video.height))
  const hasLow = Math.min(high.width, high.height) > lowShortSide
  return {
    video: [videoRendition(high, frameRate), ...(hasLow ? [videoRendition(low, frameRate)] : [])],
    audio: audio && { name: 'a128', bitsPerSecond: 128_000, samplesPerSecond: 48_000, channels: 2 },
  }
}

const videoRendition = ({ width, height }: Size, frameRate: FrameRate): VideoRendition => {
  const framesPerSecond = frameRate.frames / frameRate.seconds
  const wantedBits = Math.round((width * height * framesPerSecond * bitsPerPixel) / 1000) * 1000
  return {
    name: `v${Math.min(width, height)}`,
    width,
    height,
    frameRate,
    framesPerSegment: Math.ceil(segmentSeconds * framesPerSecond),
    maxBitsPerSecond: Math.min(maxBitsPerSecond, Math.max(minBitsPerSecond, wantedBits)),
  }
}

const scaleBy = ({ width, height }: Size, scale: number): Size => ({
  width: evenBelow(width * scale),
  height: evenBelow(height * scale),
})

/** H.264 with half as many colour samples each way takes even sizes only. */
const evenBelow = (size: number): number => Math.max(2, 2 * Math.floor(Math.round(size) / 2))

const nearestFrameRate = (rate: FrameRate | undefined): FrameRate => {
  if (rate === undefined) return unknownFrameRate
  const wanted = Math.log(rate.frames / rate.seconds)
  const distance = (one: FrameRate) => Math.abs(Math.log(one.frames / one.seconds) - wanted)
  return frameRates.reduce((best, one) => (distance(one) < distance(best) ? one : best))
}
