import * as v from 'valibot'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

const maxSegments = 262_144
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

/** The segments of a rendition, or of a part of it. */
export const trackSchema = v.object({
  /** As in RFC 6381, such as `avc1.64001f`. */
  codecs: v.pipe(v.string(), v.regex(/^[A-Za-z0-9.]{1,40}$/)),
  /** Units of a second that times are counted in. */
  timescale: positive,
  /** When the first segment begins. */
  start: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** How long each segment lasts. */
  durations: v.pipe(v.array(positive), v.minLength(1), v.maxLength(maxSegments)),
})
export type Track = v.InferOutput<typeof trackSchema>

/** How long a track lasts, from the start of the film. */
export const endSeconds = ({ timescale, start, durations }: Track): number =>
  durations.reduce((sum, duration) => sum + duration, start) / timescale

/**
 * What the manifest that ffmpeg wrote says of its representations, in their order. `file-corrupt` if there are not
 * as many as were asked for: no frame was found then.
 */
export const readTracks = (manifest: string, count: number): Result<readonly Track[]> => {
  const [, ...texts] = manifest.split('<Representation ')
  const tracks = texts.map(readTrack).filter(track => track !== undefined)
  return tracks.length === count && texts.length === count
    ? ok(tracks)
    : failed('file-corrupt', { reason: 'no frame could be read' })
}

const readTrack = (text: string): Track | undefined => {
  const entries = [...text.matchAll(/<S (?:t="(\d{1,15})" )?d="(\d{1,15})"(?: r="(\d{1,6})")? ?\/>/g)]
  const parsed = v.safeParse(trackSchema, {
    codecs: /codecs="([^"]*)"/.exec(text)?.[1],
    timescale: Number(/timescale="(\d{1,10})"/.exec(text)?.[1]),
    start: Number(entries[0]?.[1]),
    durations: entries.flatMap(([, , duration, repeats]) =>
      Array.from({ length: Number(repeats ?? 0) + 1 }, () => Number(duration)),
    ),
  })
  return parsed.success ? parsed.output : undefined
}

/**
 * One rendition from its parts, in their order. `tool-failed` if they do not meet: each begins where the one before
 * ends, with the same codec and timescale.
 */
export const joinTracks = ([first, ...rest]: readonly [Track, ...Track[]]): Result<Track> => {
  const durations = [...first.durations]
  let end = first.durations.reduce((sum, duration) => sum + duration, first.start)
  for (const part of rest) {
    if (part.codecs !== first.codecs || part.timescale !== first.timescale || part.start !== end)
      return failed('tool-failed', { program: 'ffmpeg', reason: 'parts of the film do not meet' })
    durations.push(...part.durations)
    end = part.durations.reduce((sum, duration) => sum + duration, end)
  }
  return ok({ ...first, durations })
}
