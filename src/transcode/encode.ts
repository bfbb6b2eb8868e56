import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { orThrow, ParatiiError } from '#std/error.ts'
import {
  type Approach,
  glimpseArguments,
  pictureArguments,
  soundArguments,
  writtenManifest,
} from './encode-arguments.ts'
import type { EncodedStep } from './packaging-folder.ts'
import { leastSeconds, type Part } from './part.ts'
import { lastErrorOf, runProgram } from './program.ts'
import type { AudioRendition, Ladder } from './rendition.ts'
import type { SourceMedia } from './source-media.ts'
import type { MediaTools } from './tools.ts'
import { readTracks } from './track.ts'

/** One film and how it is encoded. */
export type Encoding = {
  readonly source: SourceMedia
  readonly ladder: Ladder
  readonly tools: MediaTools
  readonly signal: AbortSignal
}

/**
 * Encodes one part of the pictures into `scratch`; no tracks if the film ends before it. `onFrames`: told how many of
 * its frames are done.
 *
 * Some films cannot be decoded from a key frame in their middle without errors (open groups of pictures). What fails
 * so is done again from the start, where only real damage fails.
 */
export const encodePart = async (
  encoding: Encoding,
  part: Part,
  scratch: string,
  onFrames: (frames: number) => void,
): Promise<EncodedStep> => {
  const encodeBy = (approach: Approach) => encodePictures(encoding, part, approach, scratch, onFrames)
  if (part.number === 0 || !encoding.source.isIndexed) return encodeBy('read')
  try {
    return await encodeBy('seek')
  } catch (thrown) {
    if (isCorrupt(thrown)) return encodeBy('read')
    throw thrown
  }
}

/** Encodes all of the sound into `scratch`. */
export const encodeSound = (
  encoding: Encoding,
  stream: number,
  audio: AudioRendition,
  scratch: string,
): Promise<EncodedStep> =>
  encodeSegments(
    encoding,
    folder => soundArguments(encoding.source, stream, audio, encoding.ladder.video[0], folder),
    { names: [audio.name], firstSegment: 1, folder: join(scratch, 'sound') },
    () => undefined,
  )

const noStep: EncodedStep = { tracks: [], files: [] }

/** ffmpeg fails where there is nothing to encode, so it is asked first, and again when it failed early. */
const encodePictures = async (
  encoding: Encoding,
  part: Part,
  approach: Approach,
  scratch: string,
  onFrames: (frames: number) => void,
): Promise<EncodedStep> => {
  const { source, ladder } = encoding
  const mayBeEmpty = part.number > 0
  const isLate = part.startSeconds >= leastSeconds(source)
  if (mayBeEmpty && isLate && !(await hasPicture(encoding, part, approach))) return noStep
  try {
    return await encodeSegments(
      encoding,
      folder => pictureArguments(source, ladder, part, approach, folder),
      {
        names: ladder.video.map(({ name }) => name),
        firstSegment: part.firstSegment,
        folder: join(scratch, approach),
      },
      onFrames,
    )
  } catch (thrown) {
    if (mayBeEmpty && isCorrupt(thrown) && !(await hasPicture(encoding, part, approach))) return noStep
    throw thrown
  }
}

const hasPicture = async (encoding: Encoding, part: Part, approach: Approach): Promise<boolean> => {
  let frames = 0
  const args = glimpseArguments(encoding.source, encoding.ladder, part, approach)
  await encode(encoding, args, count => {
    frames = count
  })
  return frames > 0
}

const isCorrupt = (thrown: unknown): boolean =>
  thrown instanceof ParatiiError && thrown.code === 'file-corrupt'

const encodeSegments = async (
  encoding: Encoding,
  argumentsFor: (folder: string) => readonly string[],
  { names, firstSegment, folder }: { names: readonly string[]; firstSegment: number; folder: string },
  onFrames: (frames: number) => void,
): Promise<EncodedStep> => {
  for (const number of names.keys()) await mkdir(join(folder, `${number}`), { recursive: true })
  await encode(encoding, argumentsFor(folder), onFrames)
  const tracks = orThrow(readTracks(await readFile(join(folder, writtenManifest), 'utf8'), names.length))
  const files = names.flatMap((name, number) => [
    { from: join(folder, `${number}/init.mp4`), path: `${name}/init.mp4` },
    ...(tracks[number]?.durations ?? []).map((_, at) => ({
      from: join(folder, `${number}/${at + 1}.m4s`),
      path: `${name}/${firstSegment + at}.m4s`,
    })),
  ])
  return { tracks, files }
}

const encode = async (
  { source, tools, signal }: Encoding,
  args: readonly string[],
  onFrames: (frames: number) => void,
): Promise<void> => {
  const { exitCode, errors } = await runProgram(tools.ffmpeg, args, {
    signal,
    onLine: line => {
      const [, frames] = /^frame=(\d+)$/.exec(line) ?? []
      if (frames !== undefined) onFrames(Number(frames))
    },
  })
  if (exitCode !== 0) throw encodeError(source.path, errors)
}

/** The source was probed and the arguments are ours, so an error that names neither disk nor options is the file's. */
const encodeError = (file: string, errors: string): ParatiiError => {
  const reason = lastErrorOf(errors)
  if (/No space left|Permission denied|Read-only file system/.test(errors))
    return new ParatiiError('store-failed', { reason })
  if (/Unknown (?:encoder|decoder)|Unrecognized option|Option not found|No such filter/.test(errors))
    return new ParatiiError('tool-failed', { program: 'ffmpeg', reason })
  return new ParatiiError('file-corrupt', { file, reason: reason || 'no frame could be read' })
}
