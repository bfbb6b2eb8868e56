import type { Leaf, MediaDirectory } from './dag.ts'
import { renditionOf } from './rendition-path.ts'

/**
 * The leaves of one chunk that is paid by the second, in the order of their index: segment n + 1 of the first video and
 * the first audio rendition, in link order; chunk 0 has what plays them too (manifests, init segments). Empty where the
 * format has no such segment.
 */
export const chunkLeaves = (directory: MediaDirectory, chunk: number): readonly Leaf[] => {
  const renditions = firstRenditions(directory)
  const wanted = renditions.map(name => `${name}/${chunk + 1}.m4s`)
  if (!wanted.some(path => directory.files.has(path))) return []
  const first = chunk === 0 ? [...sharedPaths(directory), ...renditions.map(name => `${name}/init.mp4`)] : []
  const indices = new Set<number>()
  for (const path of [...first, ...wanted])
    for (const leaf of directory.files.get(path)?.leaves ?? []) indices.add(leaf.index)
  return directory.leaves.filter(leaf => indices.has(leaf.index))
}

const firstRenditions = (directory: MediaDirectory): readonly string[] => {
  const found = new Map<string, string>()
  for (const path of directory.files.keys()) {
    const { kind, name } = renditionOf(path)
    if (kind !== 'shared' && !found.has(kind)) found.set(kind, name)
  }
  return [...found.values()]
}

const sharedPaths = (directory: MediaDirectory): readonly string[] =>
  [...directory.files.keys()].filter(path => renditionOf(path).kind === 'shared')
