import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import type { FileLeaf, MediaFile } from './dag.ts'

/** The part of a leaf that a range wants: `bytes.subarray(from, to)`. */
export type LeafSlice = { readonly leaf: FileLeaf; readonly from: number; readonly to: number }

/**
 * The leaves that hold bytes `start` to `end` of a file, both included, as in HTTP, and what to cut from each.
 * Put one after the other the slices are exactly those bytes. `range-invalid` unless 0 <= start <= end < size.
 */
export const sliceRange = (file: MediaFile, start: number, end: number): Result<readonly LeafSlice[]> => {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end >= file.size)
    return failed('range-invalid', { start, end, size: file.size })
  const slices: LeafSlice[] = []
  for (let at = leafAt(file.leaves, start); at < file.leaves.length; at++) {
    const leaf = file.leaves[at]
    if (leaf === undefined || leaf.offset > end) break
    slices.push({
      leaf,
      from: Math.max(0, start - leaf.offset),
      to: Math.min(leaf.size, end + 1 - leaf.offset),
    })
  }
  return ok(slices)
}

/** Place of the leaf that holds an offset: the last one that begins at or before it. */
const leafAt = (leaves: readonly FileLeaf[], offset: number): number => {
  let low = 0
  let high = leaves.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((leaves[middle]?.offset ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
