import { availableParallelism } from 'node:os'
import { orThrow, ParatiiError } from '#std/error.ts'
import { type Encoding, encodePart, encodeSound } from './encode.ts'
import { type PackagedTracks, weighTrack } from './packaged-track.ts'
import type { PackagingFolder } from './packaging-folder.ts'
import { leastSeconds, type Part, partAt } from './part.ts'
import { runJobs } from './run-jobs.ts'
import { endSeconds, joinTracks, type Track } from './track.ts'

/** More cores are not used: each run of ffmpeg may hold hundreds of megabytes of pictures. */
const maxRuns = 4

type FilmEncoding = Omit<Encoding, 'signal'> & { readonly signal: AbortSignal | undefined }

/**
 * Encodes what is not encoded yet of a film: its sound, and its pictures part by part, several at a time. `onProgress`
 * is told the seconds that are done. Throws as {@link encodePart} does; every ffmpeg is then gone.
 */
export const encodeFilm = async (
  film: FilmEncoding,
  folder: PackagingFolder,
  onProgress: (seconds: number) => void = () => undefined,
): Promise<PackagedTracks> => {
  const { source, ladder } = film
  const failure = new AbortController()
  const signal = film.signal ? AbortSignal.any([film.signal, failure.signal]) : failure.signal
  const encoding: Encoding = { ...film, signal }
  const { frameRate } = ladder.video[0]
  const secondsOfParts: number[] = []
  const report = (part: Part, seconds: number) => {
    secondsOfParts[part.number] = seconds
    onProgress(secondsOfParts.reduce((sum, one) => sum + one, 0))
  }

  const doSound = async (): Promise<readonly Track[]> => {
    const { audio } = ladder
    const stream = source.audio?.stream
    if (audio === undefined || stream === undefined) return []
    return folder.doStep('sound', scratch => encodeSound(encoding, stream, audio, scratch))
  }
  const doPart = async (part: Part): Promise<readonly Track[]> => {
    const tracks = await folder.doStep(`pictures-${part.number}`, scratch =>
      encodePart(encoding, part, scratch, frames =>
        report(part, (frames * frameRate.seconds) / frameRate.frames),
      ),
    )
    report(part, tracks[0] ? endSeconds(tracks[0]) - part.startSeconds : 0)
    return tracks
  }

  const expected = [partAt(0, source, ladder.video[0])]
  const nextPart = () => partAt(expected.length, source, ladder.video[0])
  while (nextPart().startSeconds < leastSeconds(source)) expected.push(nextPart())
  const jobs = [doSound, ...expected.map(part => () => doPart(part))]
  const [sound, ...parts] = await runJobs(jobs, Math.min(maxRuns, availableParallelism()), () =>
    failure.abort(),
  )
  // The container may have promised less than there is.
  for (
    let part = nextPart();
    isFull(parts.at(-1), part);
    part = partAt(part.number + 1, source, ladder.video[0])
  )
    parts.push(await doPart(part))
  return weighFilm(encoding, folder.film, parts, sound?.[0])
}

const isFull = (tracks: readonly Track[] | undefined, { segments }: Part): boolean =>
  tracks?.[0]?.durations.length === segments

const weighFilm = async (
  { source, ladder }: Encoding,
  film: string,
  parts: readonly (readonly Track[])[],
  sound: Track | undefined,
): Promise<PackagedTracks> => {
  const trackOf = (at: number): Track => {
    const [first, ...rest] = parts.flatMap(tracks => tracks[at] ?? [])
    if (first === undefined)
      throw new ParatiiError('file-corrupt', { file: source.path, reason: 'no frame could be read' })
    return orThrow(joinTracks([first, ...rest]))
  }
  const [high, ...lower] = ladder.video
  const video: [PackagedTracks['video'][0], ...PackagedTracks['video'][0][]] = [
    await weighTrack(film, high, trackOf(0)),
  ]
  for (const [at, rendition] of lower.entries())
    video.push(await weighTrack(film, rendition, trackOf(at + 1)))
  const audio = sound && ladder.audio && (await weighTrack(film, ladder.audio, sound))
  return { video, audio }
}
