import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/**
 * ffmpeg names representations, and with them their folders, by number. This gives the n-th the n-th name.
 * `file-corrupt` if the manifest lacks one of them: ffmpeg then found no frame to encode.
 */
export const nameRepresentations = (manifest: string, names: readonly string[]): Result<string> => {
  const parts = manifest.split('<Representation id="')
  if (parts.length !== names.length + 1) return failed('file-corrupt', { reason: 'no frame could be read' })
  return ok(
    parts
      .map((part, at) => (at === 0 ? part : part.replace(`${at - 1}"`, `${names[at - 1]}"`)))
      .join('<Representation id="'),
  )
}

/** Seconds that a static manifest says it lasts; `undefined` if it does not. */
export const manifestSeconds = (manifest: string): number | undefined => {
  const [, hours = 0, minutes = 0, seconds] =
    /mediaPresentationDuration="PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(\d{1,6}(?:\.\d{1,9})?)S"/.exec(manifest) ??
    []
  return seconds === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}
