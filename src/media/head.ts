import type { Leaf, MediaDirectory } from './dag.ts'

const wholeFile = /(?:^|\/)(?:manifest\.mpd|init\.mp4|[^/]+\.m3u8)$/
const firstSegment = /(?:^|\/)1\.m4s$/

/**
 * The leaves that hosts give to everyone before a purchase, in the order of their index: manifests and init
 * segments whole, and the first leaf of each rendition's first segment, so that a player can show that it plays.
 */
export const headLeaves = (directory: MediaDirectory): readonly Leaf[] => {
  const indices = new Set<number>()
  for (const [path, { leaves }] of directory.files) {
    const free = wholeFile.test(path) ? leaves : firstSegment.test(path) ? leaves.slice(0, 1) : []
    for (const leaf of free) indices.add(leaf.index)
  }
  return directory.leaves.filter(leaf => indices.has(leaf.index))
}
