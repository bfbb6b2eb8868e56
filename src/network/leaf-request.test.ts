import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import type { MediaDirectory } from '#media/dag.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import type { PublicKey } from '#std/brand.ts'
import { leavesOfRanges, rangesOfIndices } from './leaf-request.ts'
import { RateBound } from './rate-bound.ts'
import { RequestGuard } from './request-guard.ts'

const cid = cidFromDigest('raw', new Uint8Array(32))
const directory: MediaDirectory = {
  root: cid,
  files: new Map(),
  nodes: [],
  leaves: Array.from({ length: 10 }, (_, index) => ({ cid, size: 1, index })),
}

describe('the leaves of a request', () => {
  it('come in the order of the ranges', () => {
    const leaves = leavesOfRanges(directory, [
      { first: 7, last: 8 },
      { first: 2, last: 2 },
    ])
    expect(leaves.map(leaf => leaf.index)).toEqual([7, 8, 2])
  })

  it.each([
    [[]],
    [
      [
        { first: 1, last: 3 },
        { first: 3, last: 4 },
      ],
    ],
    [[{ first: 9, last: 10 }]],
    [[{ first: 0, last: 99_999 }]],
  ])('are refused for %j', ranges => {
    expect(() => leavesOfRanges(directory, ranges)).toThrow()
  })

  it('are written as the fewest ranges', () => {
    expect(rangesOfIndices([0, 1, 2, 5, 7, 8])).toEqual([
      { first: 0, last: 2 },
      { first: 5, last: 5 },
      { first: 7, last: 8 },
    ])
  })
})

describe('the request guard', () => {
  const key = '0x02' as PublicKey
  const request = (time: number, counter: number) => ({
    root: cid,
    leaves: [],
    purchase: 'replicate' as const,
    time,
    counter,
  })

  it('serves a request once, and none from before it began or far from now', () => {
    const clock = createManualClock(1_000_000)
    const guard = new RequestGuard(clock)
    guard.admit(key, request(1_000_000, 1))
    guard.admit(key, request(1_000_000, 2))
    expect(() => guard.admit(key, request(1_000_000, 1))).toThrow('made before')
    expect(() => guard.admit(key, request(999_999, 3))).toThrow('too late')
    expect(() => guard.admit(key, request(1_200_000, 4))).toThrow('too late')
    clock.advance(500_000)
    expect(() => guard.admit(key, request(1_000_000, 5))).toThrow('too late')
    guard.admit(key, request(1_500_000, 1))
  })
})

describe('the rate of what is free', () => {
  const rate = { bytesPerSecond: 10, burstBytes: 100 }

  it('is one for a whole network prefix, and refills with time', () => {
    const clock = createManualClock(0)
    const bound = new RateBound({ clock, each: rate, all: { bytesPerSecond: 1000, burstBytes: 1000 } })
    expect(bound.take('10.0.0.1', 60)).toBe(true)
    expect(bound.take('::ffff:10.0.0.2', 60)).toBe(false)
    expect(bound.take('10.0.1.1', 60)).toBe(true)
    expect(bound.take('2001:db8:1:2::1', 100)).toBe(true)
    expect(bound.take('2001:db8:1:3::1', 1)).toBe(false)
    clock.advance(2000)
    expect(bound.take('10.0.0.2', 60)).toBe(true)
  })

  it('is bounded for all together, loopback too', () => {
    const bound = new RateBound({ clock: createManualClock(0), each: rate, all: rate })
    expect(bound.take('127.0.0.1', 100)).toBe(true)
    expect(bound.take('10.0.0.1', 1)).toBe(false)
  })
})
