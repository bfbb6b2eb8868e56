import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { writeDashManifest } from './dash-manifest.ts'
import { pictureArguments, soundArguments } from './encode-arguments.ts'
import { encodeFilm } from './encode-film.ts'
import { writeMasterPlaylist, writeMediaPlaylist } from './hls-playlists.ts'
import type { PackagedTracks } from './packaged-track.ts'
import { openPackagingFolder } from './packaging-folder.ts'
import { packagingKey } from './packaging-key.ts'
import { leastSeconds, partAt } from './part.ts'
import type { Ladder } from './rendition.ts'
import type { SourceMedia } from './source-media.ts'
import type { MediaTools } from './tools.ts'
import { endSeconds } from './track.ts'

export type PackageOptions = {
  readonly signal?: AbortSignal
  /** Called about twice a second with the seconds of the film that are done, those of an earlier run included. */
  readonly onProgress?: (seconds: number) => void
}

export type PackagedMedia = { readonly folder: string; readonly durationSeconds: number }

/**
 * Encodes a source below the folder `packaging`, which must be this process's alone. The folder it answers holds
 * `manifest.mpd` and `master.m3u8`, and for each rendition `init.mp4`, `index.m3u8` and segments `1.m4s` and on. The
 * same input, ladder and build of ffmpeg give the same bytes.
 *
 * Killed at any moment, or aborted, it goes on where it was when it is called again: finished parts of the film are
 * not encoded again. After any other failure `packaging` is empty. The caller removes it when the film is stored.
 * Throws `file-corrupt` (with `reason`), `store-failed` (no space, no permission), `tool-failed`, `tool-absent`,
 * `file-absent`, `aborted`; every ffmpeg that was started is then gone.
 */
export const packageMedia = async (
  source: SourceMedia,
  ladder: Ladder,
  packaging: string,
  tools: MediaTools,
  { signal, onProgress }: PackageOptions = {},
): Promise<PackagedMedia> => {
  try {
    const key = await packagingKey(source.path, recipeOf(source, ladder), tools, signal)
    const folder = await openPackagingFolder(packaging, key)
    const tracks = await encodeFilm({ source, ladder, tools, signal }, folder, onProgress)
    const durationSeconds = checkedSeconds(source, tracks)
    await writeManifests(folder.film, tracks, durationSeconds)
    return { folder: folder.film, durationSeconds }
  } catch (thrown) {
    const error = errorFrom(thrown, 'store-failed')
    if (error.code !== 'aborted') await rm(packaging, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
}

/** All that ffmpeg is told, but for where files are. */
const recipeOf = (source: SourceMedia, ladder: Ladder): readonly string[] => {
  const nowhere = { ...source, path: '' }
  return [
    ...pictureArguments(nowhere, ladder, partAt(0, source, ladder.video[0]), 'read', ''),
    ...pictureArguments(nowhere, ladder, partAt(1, source, ladder.video[0]), 'seek', ''),
    ...(source.audio && ladder.audio
      ? soundArguments(nowhere, source.audio.stream, ladder.audio, ladder.video[0], '')
      : []),
  ]
}

const checkedSeconds = (source: SourceMedia, { video, audio }: PackagedTracks): number => {
  const seconds = Math.max(...[...video, ...(audio ? [audio] : [])].map(({ track }) => endSeconds(track)))
  if (seconds < leastSeconds(source))
    throw new ParatiiError('file-corrupt', {
      file: source.path,
      reason: `it ends after ${seconds} of ${source.durationSeconds} seconds`,
    })
  return seconds
}

const writeManifests = async (folder: string, tracks: PackagedTracks, seconds: number): Promise<void> => {
  const write = (path: string, text: string) => writeFile(join(folder, path), text, { mode: 0o600 })
  await write('manifest.mpd', writeDashManifest(tracks, seconds))
  await write('master.m3u8', writeMasterPlaylist(tracks))
  for (const packaged of [...tracks.video, ...(tracks.audio ? [tracks.audio] : [])])
    await write(`${packaged.rendition.name}/index.m3u8`, writeMediaPlaylist(packaged))
}
