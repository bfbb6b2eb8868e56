import { describe, expect, it, vi } from 'vitest'
import { createManualClock } from './clock-manual.ts'
import { clockSystem } from './clock-system.ts'
import { createSeededRandom } from './random-seeded.ts'
import { randomSystem } from './random-system.ts'

describe.each([
  ['system', clockSystem],
  ['manual', createManualClock(0)],
])('the %s clock', (_, clock) => {
  it('stops sleeping with the reason of the signal, and does not begin after it', async () => {
    const abort = new AbortController()
    const sleeping = clock.sleep(60_000, abort.signal)
    abort.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    await expect(clock.sleep(1, abort.signal)).rejects.toThrow('enough')
  })

  it('never goes back', () => {
    const before = clock.nowMs()
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before)
  })
})

describe('the system clock', () => {
  it('sleeps until the time has come', async () => {
    const before = performance.now()
    await clockSystem.sleep(5)
    expect(performance.now() - before).toBeGreaterThanOrEqual(4)
  })
})

describe('a sleep longer than a timer can be', () => {
  it('is slept to its end', async () => {
    vi.useFakeTimers()
    try {
      const days = 60 * 86_400_000
      let isAwake = false
      const sleeping = clockSystem.sleep(days).then(() => {
        isAwake = true
      })
      await vi.advanceTimersByTimeAsync(days - 1)
      expect(isAwake).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      await sleeping
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the manual clock', () => {
  it('wakes its sleepers in the order of their times, when moved there', async () => {
    const clock = createManualClock(1000)
    const woken: number[] = []
    const sleepers = [30, 10, 20].map(ms => clock.sleep(ms).then(() => woken.push(ms)))
    clock.advance(9)
    clock.advance(11)
    await Promise.all(sleepers.slice(1))
    expect(woken).toEqual([10, 20])
    expect(clock.nowMs()).toBe(1020)
    clock.advance(10)
    await sleepers[0]
    expect(woken).toEqual([10, 20, 30])
  })
})

describe('randomness', () => {
  it('is of the length asked for, beyond one quota of the platform too', () => {
    for (const length of [0, 1, 31, 32, 33, 70_000]) {
      expect(randomSystem.bytes(length)).toHaveLength(length)
      expect(createSeededRandom('seed').bytes(length)).toHaveLength(length)
    }
    expect(
      randomSystem
        .bytes(70_000)
        .subarray(65_536)
        .some(byte => byte !== 0),
    ).toBe(true)
    expect(randomSystem.bytes(32)).not.toEqual(randomSystem.bytes(32))
  })

  it('is the same for the same seed, and goes on', () => {
    const [a, b] = [createSeededRandom('seed'), createSeededRandom('seed')]
    expect(a.bytes(40)).toEqual(b.bytes(40))
    expect(a.bytes(40)).not.toEqual(createSeededRandom('seed').bytes(40))
  })
})
