import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AudioRendition, VideoRendition } from './rendition.ts'
import type { Track } from './track.ts'

/** A rendition that is encoded, as manifests describe it. */
export type PackagedTrack<Rendition = VideoRendition | AudioRendition> = {
  readonly rendition: Rendition
  readonly track: Track
  /** Of its hungriest segment that is not a mere remainder. */
  readonly peakBitsPerSecond: number
  readonly meanBitsPerSecond: number
}

export type PackagedTracks = {
  readonly video: readonly [PackagedTrack<VideoRendition>, ...PackagedTrack<VideoRendition>[]]
  readonly audio: PackagedTrack<AudioRendition> | undefined
}

/** Seconds that each segment lasts. */
export const segmentLengths = ({ timescale, durations }: Track): readonly number[] =>
  durations.map(duration => duration / timescale)

/** Weighs the segments of a rendition, `<name>/1.m4s` and on, in the film's folder. */
export const weighTrack = async <Rendition extends { readonly name: string }>(
  film: string,
  rendition: Rendition,
  track: Track,
): Promise<PackagedTrack<Rendition>> => {
  const lengths = segmentLengths(track)
  // RFC 8216, 4.1 leaves out what is shorter than half a segment: one frame is a key frame, and tells nothing.
  const leastSeconds = Math.max(...lengths) / 2
  let bits = 0
  let peak = 0
  for (const [at, length] of lengths.entries()) {
    const segmentBits = 8 * (await stat(join(film, rendition.name, `${at + 1}.m4s`))).size
    bits += segmentBits
    if (length >= leastSeconds) peak = Math.max(peak, segmentBits / length)
  }
  const mean = bits / lengths.reduce((sum, length) => sum + length, 0)
  return {
    rendition,
    track,
    peakBitsPerSecond: Math.ceil(Math.max(peak, mean)),
    meanBitsPerSecond: Math.ceil(mean),
  }
}
