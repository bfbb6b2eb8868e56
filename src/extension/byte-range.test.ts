import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRange, resolveRange } from './byte-range.ts'

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }, [0, 1]],
    ['bytes=10-19', { first: 10, last: 19 }, [10, 20]],
    ['bytes=90-', { first: 90 }, [90, 100]],
    ['bytes=90-900', { first: 90, last: 900 }, [90, 100]],
    ['bytes=-10', { suffix: 10 }, [90, 100]],
    ['bytes=-900', { suffix: 900 }, [0, 100]],
  ])('%s of 100 bytes', (header, parsed, [start, end]) => {
    expect(parseRange(header)).toEqual(parsed)
    expect(resolveRange(parseRange(header), 100)).toEqual({ start, end })
  })

  it.each([
    null,
    '',
    'bytes=',
    'bytes=a-b',
    'items=0-1',
    'bytes=0-1,4-5',
    'bytes=9-3',
    'bytes=-',
    'bytes=1.5-2',
  ])('%j asks for the whole', header => {
    expect(resolveRange(parseRange(header), 100)).toEqual({ start: 0, end: 100 })
  })

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s is not in 100 bytes', header => {
    expect(resolveRange(parseRange(header), 100)).toBeUndefined()
  })

  it('never reaches outside the file', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat({ max: 1e6 }), (a, b, size) => {
        for (const header of [`bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${a}`]) {
          const part = resolveRange(parseRange(header), size)
          if (part === undefined) continue
          expect(part.start).toBeGreaterThanOrEqual(0)
          expect(part.end).toBeLessThanOrEqual(size)
          expect(part.end).toBeGreaterThanOrEqual(part.start)
        }
      }),
    )
  })
})
