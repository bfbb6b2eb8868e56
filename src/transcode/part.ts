import { segmentSeconds, type VideoRendition } from './rendition.ts'
import type { SourceMedia } from './source-media.ts'

/**
 * A stretch of a film's pictures that one run of ffmpeg encodes: what is lost when a publication is killed, and what
 * several cores share. Its borders depend on the film alone, so that its bytes do (docs/adr/encode-in-parts.md).
 */
export type Part = {
  /** From 0. */
  readonly number: number
  readonly startSeconds: number
  /** Of the full part; the last one may have less. */
  readonly frames: number
  readonly segments: number
  /** Number of its first segment, from 1. */
  readonly firstSegment: number
}

const minSegments = 3
const segmentsOfUnknown = 15
const maxParts = 32

/** A container may promise a little more than its streams hold; a file cut short lacks more than this. */
const missingShare = 0.05
const missingSeconds = 1

/**
 * The part of a number: at least 12 s, and not more than 32 of them in a film, because a source that can only be read
 * from its start is read once for each.
 */
export const partAt = (
  number: number,
  { durationSeconds }: Pick<SourceMedia, 'durationSeconds'>,
  { frameRate, framesPerSegment }: VideoRendition,
): Part => {
  const segments =
    durationSeconds === undefined
      ? segmentsOfUnknown
      : Math.max(minSegments, Math.ceil(durationSeconds / segmentSeconds / maxParts))
  const frames = segments * framesPerSegment
  const startSeconds = (number * frames * frameRate.seconds) / frameRate.frames
  return { number, startSeconds, frames, segments, firstSegment: number * segments + 1 }
}

/** How long a film is at least, if it is whole. */
export const leastSeconds = ({
  durationSeconds: promised = 0,
}: Pick<SourceMedia, 'durationSeconds'>): number =>
  Math.max(0, promised * (1 - missingShare) - missingSeconds)
