import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { encodeArguments } from './encode-arguments.ts'
import { manifestSeconds, nameRepresentations } from './manifest.ts'
import { lastErrorOf, runProgram } from './program.ts'
import type { Ladder } from './rendition.ts'
import type { SourceMedia } from './source-media.ts'
import type { MediaTools } from './tools.ts'

export type PackageOptions = {
  readonly signal?: AbortSignal
  /** Called about twice a second with the seconds of the film that are done. */
  readonly onProgress?: (seconds: number) => void
}

export type PackagedMedia = { readonly folder: string; readonly durationSeconds: number }

/** A container may promise a little more than its streams hold; a file cut short lacks more than this. */
const missingShare = 0.05
const missingSeconds = 1

/**
 * Encodes a source into `folder`, which must not exist yet: `manifest.mpd`, `<rendition>/init.mp4` and
 * `<rendition>/<n>.m4s` from 1. The same input, ladder and build of ffmpeg give the same bytes.
 *
 * `folder` appears whole or not at all: work is done in a temporary folder beside it, removed on any failure.
 * Throws `file-corrupt` (with `reason`), `store-failed` (no space, no permission), `tool-failed`, `tool-absent`,
 * `aborted`; the ffmpeg that was started is then gone.
 */
export const packageMedia = async (
  source: SourceMedia,
  ladder: Ladder,
  folder: string,
  tools: MediaTools,
  { signal, onProgress }: PackageOptions = {},
): Promise<PackagedMedia> => {
  const target = resolve(folder)
  const work = await makeWorkFolder(target)
  try {
    const names = [ladder.video.name, ...(ladder.audio ? [ladder.audio.name] : [])]
    for (const number of names.keys()) await mkdir(join(work, `${number}`))
    const manifestPath = join(work, 'manifest.mpd')
    const { exitCode, errors } = await runProgram(
      tools.ffmpeg,
      encodeArguments(source, ladder, manifestPath),
      {
        signal,
        onLine: line => reportProgress(line, onProgress),
      },
    )
    if (exitCode !== 0) throw encodeError(source.path, errors)
    const written = await readFile(manifestPath, 'utf8')
    const manifest = orThrow(nameRepresentations(written, names))
    const durationSeconds = checkedSeconds(source, manifest)
    await writeFile(manifestPath, manifest)
    for (const [number, name] of names.entries()) await rename(join(work, `${number}`), join(work, name))
    await rename(work, target)
    return { folder: target, durationSeconds }
  } catch (thrown) {
    await rm(work, { recursive: true, force: true })
    throw errorFrom(thrown, 'store-failed')
  }
}

const makeWorkFolder = async (target: string): Promise<string> => {
  try {
    await mkdir(dirname(target), { recursive: true })
    return await mkdtemp(join(dirname(target), `.${basename(target)}-`))
  } catch (thrown) {
    throw errorFrom(thrown, 'store-failed')
  }
}

const reportProgress = (line: string, onProgress?: (seconds: number) => void): void => {
  const [, microseconds] = /^out_time_us=(\d+)$/.exec(line) ?? []
  if (microseconds !== undefined) onProgress?.(Number(microseconds) / 1e6)
}

const checkedSeconds = ({ path, durationSeconds: promised = 0 }: SourceMedia, manifest: string): number => {
  const seconds = manifestSeconds(manifest) ?? 0
  if (seconds <= 0) throw new ParatiiError('file-corrupt', { file: path, reason: 'no frame could be read' })
  if (seconds < promised * (1 - missingShare) - missingSeconds)
    throw new ParatiiError('file-corrupt', {
      file: path,
      reason: `it ends after ${seconds} of ${promised} seconds`,
    })
  return seconds
}

/** The source was probed and the arguments are ours, so an error that names neither disk nor options is the file's. */
const encodeError = (file: string, errors: string): ParatiiError => {
  const reason = lastErrorOf(errors)
  if (/No space left|Permission denied|Read-only file system/.test(errors))
    return new ParatiiError('store-failed', { reason })
  if (/Unknown (?:encoder|decoder)|Unrecognized option|Option not found|No such filter/.test(errors))
    return new ParatiiError('tool-failed', { program: 'ffmpeg', reason })
  return new ParatiiError('file-corrupt', { file, reason })
}
