import { describe, expect, it } from 'vitest'
import type { Cid } from '#std/brand.ts'
import { sliceRange } from './leaf-range.ts'

const leaf = (index: number, offset: number, size: number) => ({
  cid: `leaf-${index}` as Cid,
  index,
  offset,
  size,
})
const file = { size: 25, leaves: [leaf(4, 0, 10), leaf(2, 10, 10), leaf(9, 20, 5)] }

const cuts = (start: number, end: number) => {
  const sliced = sliceRange(file, start, end)
  return sliced.ok ? sliced.value.map(({ leaf, from, to }) => [leaf.index, from, to]) : sliced.error.code
}

describe('sliceRange', () => {
  it('cuts the first and the last leaf to the bytes asked for, both ends included', () => {
    expect(cuts(0, 24)).toEqual([
      [4, 0, 10],
      [2, 0, 10],
      [9, 0, 5],
    ])
    expect(cuts(9, 10)).toEqual([
      [4, 9, 10],
      [2, 0, 1],
    ])
    expect(cuts(12, 12)).toEqual([[2, 2, 3]])
    expect(cuts(24, 24)).toEqual([[9, 4, 5]])
  })

  it('refuses ranges that the file does not hold', () => {
    for (const [start, end] of [
      [0, 25],
      [25, 25],
      [5, 4],
      [-1, 3],
      [0.5, 3],
      [0, Number.NaN],
    ] as const)
      expect(cuts(start, end)).toBe('range-invalid')
    expect(sliceRange({ size: 0, leaves: [] }, 0, 0)).toMatchObject({ ok: false })
  })
})
