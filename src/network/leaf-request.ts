import type { Leaf, MediaDirectory } from '#media/dag.ts'
import type { LeafRange } from '#protocol/block-request.ts'
import { ParatiiError } from '#std/error.ts'

/** Leaves that one request may name: 1 GiB. */
export const maxRequestLeaves = 4096

/** The leaves that ranges name, in their order; `request-malformed` for none, one twice, too many, or one that is not there. */
export const leavesOfRanges = (directory: MediaDirectory, ranges: readonly LeafRange[]): readonly Leaf[] => {
  const leaves = new Set<Leaf>()
  let count = 0
  for (const { first, last } of ranges) {
    count += last - first + 1
    if (count > maxRequestLeaves) throw new ParatiiError('request-malformed', { reason: 'too many leaves' })
    for (let index = first; index <= last; index++) {
      const leaf = directory.leaves[index]
      if (leaf === undefined) throw new ParatiiError('request-malformed', { reason: 'no such leaf' })
      leaves.add(leaf)
    }
  }
  if (leaves.size !== count || count === 0)
    throw new ParatiiError('request-malformed', { reason: 'a leaf twice' })
  return [...leaves]
}

/** Ascending indices as the fewest ranges. */
export const rangesOfIndices = (indices: readonly number[]): readonly LeafRange[] => {
  const ranges: { first: number; last: number }[] = []
  for (const index of indices) {
    const current = ranges.at(-1)
    if (current !== undefined && index === current.last + 1) current.last = index
    else ranges.push({ first: index, last: index })
  }
  return ranges
}
