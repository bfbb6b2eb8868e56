import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { type Track, trackSchema } from './track.ts'

/** What a step encoded: its tracks, and where its files belong in the film; both in any order that the step keeps. */
export type EncodedStep = {
  readonly tracks: readonly Track[]
  readonly files: readonly { readonly from: string; readonly path: string }[]
}

/** A film on its way, on disk. Whatever moment the process is killed at, each step is done wholly or not at all. */
export type PackagingFolder = {
  /** Where the files of finished steps are. */
  readonly film: string
  /**
   * Does a step once: if it was done already, by whichever process, its tracks are answered at once. Else `encode`
   * writes into a folder of its own and says which files of it belong to the film.
   */
  doStep(name: string, encode: (scratch: string) => Promise<EncodedStep>): Promise<readonly Track[]>
}

const stepSchema = v.pipe(v.array(trackSchema), v.maxLength(32))
const scratchPrefix = 'scratch-'

/**
 * Goes on in the folder of one film below `packaging`, or begins it. `key` says what is encoded and how, to the last
 * bit: only then may what is found be used. Leftovers of other films, and half-done steps of this one, are removed:
 * `packaging` must be this process's alone. Throws what the file system throws.
 */
export const openPackagingFolder = async (packaging: string, key: string): Promise<PackagingFolder> => {
  const work = join(packaging, key)
  const film = join(work, 'film')
  const done = join(work, 'done')
  for (const folder of [film, done]) await mkdir(folder, { recursive: true, mode: 0o700 })
  const leftovers = [
    ...(await readdir(packaging)).filter(name => name !== key).map(name => join(packaging, name)),
    ...(await readdir(work)).filter(name => name.startsWith(scratchPrefix)).map(name => join(work, name)),
  ]
  // An ffmpeg that outlived its killed parent may still be writing there, until it finds its folder gone.
  for (const path of leftovers) await rm(path, { recursive: true, force: true, maxRetries: 5 })

  return {
    film,
    doStep: async (name, encode) => {
      const marker = join(done, `${name}.json`)
      const known = await readMarker(marker)
      if (known !== undefined) return known
      const scratch = await mkdtemp(join(work, scratchPrefix))
      try {
        const { tracks, files } = await encode(scratch)
        const folders = new Set<string>()
        for (const { from, path } of files) {
          const to = join(film, path)
          folders.add(dirname(to))
          await mkdir(dirname(to), { recursive: true, mode: 0o700 })
          await flush(from)
          await rename(from, to)
        }
        for (const folder of folders) await flush(folder)
        await writeMarker(marker, join(scratch, 'marker'), tracks)
        return tracks
      } finally {
        await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  }
}

/** Undefined if it is absent, or not what we write: the step is then done again. */
const readMarker = async (path: string): Promise<readonly Track[] | undefined> => {
  const text = await readFile(path, 'utf8').catch(() => '')
  try {
    const parsed = v.safeParse(stepSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** Last, and only after what it vouches for would survive the loss of power. */
const writeMarker = async (path: string, partial: string, tracks: readonly Track[]): Promise<void> => {
  await using file = await open(partial, 'wx', 0o600)
  await file.writeFile(JSON.stringify(tracks))
  await file.sync()
  await rename(partial, path)
  await flush(dirname(path))
}

const flush = async (path: string): Promise<void> => {
  await using handle = await open(path, 'r')
  await handle.sync()
}
