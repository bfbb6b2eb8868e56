import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import type { MediaDirectory } from './dag.ts'
import { renditionOf } from './rendition-path.ts'

/** Renditions of one kind: a real ladder has less than ten, and every pair of video and audio is looked at. */
const maxRenditions = 32

/**
 * The `size` that a format is registered with, in bytes: the unique raw leaves of the largest single path through
 * it, which is one video rendition, one audio rendition and everything shared. A viewer who got so many bytes has
 * paid the whole price (VideoStore), whichever quality it watched in. `directory-malformed` for a ladder of more than 32 renditions.
 */
export const pathSize = (directory: MediaDirectory): Result<number> => {
  const shared = new Set<number>()
  const renditions = { video: new Map<string, Set<number>>(), audio: new Map<string, Set<number>>() }
  for (const [path, file] of directory.files) {
    const { kind, name } = renditionOf(path)
    const indices = kind === 'shared' ? shared : entryOf(renditions[kind], name)
    for (const leaf of file.leaves) indices.add(leaf.index)
  }
  if (Math.max(renditions.video.size, renditions.audio.size) > maxRenditions)
    return failed('directory-malformed', { reason: 'too many renditions', cid: directory.root })
  const sizes = choices(renditions.video).flatMap(video =>
    choices(renditions.audio).map(audio => sizeOf(directory, new Set([...shared, ...video, ...audio]))),
  )
  return ok(Math.max(...sizes))
}

const entryOf = (sets: Map<string, Set<number>>, name: string): Set<number> => {
  const indices = sets.get(name) ?? new Set<number>()
  sets.set(name, indices)
  return indices
}

/** The renditions to choose from; a format without any of the kind offers the empty one. */
const choices = (sets: ReadonlyMap<string, Set<number>>): readonly Set<number>[] =>
  sets.size === 0 ? [new Set()] : [...sets.values()]

const sizeOf = ({ leaves }: MediaDirectory, indices: ReadonlySet<number>): number => {
  let size = 0
  for (const index of indices) size += leaves[index]?.size ?? 0
  return size
}
