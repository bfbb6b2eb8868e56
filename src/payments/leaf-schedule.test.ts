import { describe, expect, it } from 'vitest'
import {
  type LeafEffect,
  type LeafEvent,
  type LeafSchedule,
  nextLookMs,
  openLeafSchedule,
  stepLeafSchedule,
  type WantedLeaf,
  windowLeaves,
} from './leaf-schedule.ts'

const bytes = 262_144
const wanted = (from: number, to: number, ahead = 0): WantedLeaf[] =>
  Array.from({ length: to - from }, (_, at) => ({ index: from + at, bytes, ahead: ahead + at }))

/** A schedule at work, and what it asked for. */
class Bench {
  schedule: LeafSchedule
  nowMs = 1_000

  constructor(hosts: number) {
    this.schedule = openLeafSchedule(hosts)
  }

  step(event: LeafEvent): readonly LeafEffect[] {
    const { schedule, effects } = stepLeafSchedule(this.schedule, event, this.nowMs)
    this.schedule = schedule
    return effects
  }

  want(leaves: readonly WantedLeaf[], reader = 1): readonly LeafEffect[] {
    return this.step({ type: 'want', reader, leaves })
  }

  /** So many leaves of a run arrive, each after so long. */
  arrive(run: number, count: number, eachMs = 10): void {
    for (const { index } of this.schedule.runs.get(run)?.leaves.slice(0, count) ?? []) {
      this.nowMs += eachMs
      this.step({ type: 'arrived', run, index })
    }
  }

  end(run: number, failure?: 'passing' | 'final'): readonly LeafEffect[] {
    return this.step({ type: 'ended', run, failure })
  }

  later(waitMs: number): readonly LeafEffect[] {
    this.nowMs += waitMs
    return this.step({ type: 'tick' })
  }
}

const fetched = (effects: readonly LeafEffect[]) =>
  effects.flatMap(effect => (effect.type === 'fetch' ? [{ host: effect.host, leaves: effect.leaves }] : []))

describe('the schedule of leaves', () => {
  it('gives one host long runs, the next while the one before is sent', () => {
    const bench = new Bench(1)
    const runFrom = (from: number) => ({ host: 0, leaves: Array.from({ length: 32 }, (_, at) => from + at) })
    expect(fetched(bench.want(wanted(0, windowLeaves)))).toEqual([runFrom(0), runFrom(32)])
    bench.arrive(1, 32)
    expect(fetched(bench.want(wanted(32, 31 + windowLeaves)))).toEqual([])
    expect(fetched(bench.want(wanted(32, 32 + windowLeaves)))).toEqual([runFrom(64)])
  })

  it('shares a short file among its hosts', () => {
    expect(fetched(new Bench(2).want(wanted(0, 6)))).toEqual([
      { host: 0, leaves: [0, 1, 2] },
      { host: 1, leaves: [3, 4, 5] },
    ])
    expect(fetched(new Bench(3).want(wanted(0, 6)))).toHaveLength(3)
  })

  it('asks for a leaf once, however many want it', () => {
    const bench = new Bench(2)
    bench.want(wanted(0, 6))
    expect(bench.want(wanted(0, 6), 2)).toEqual([])
    expect(bench.want([...wanted(5, 6), ...wanted(5, 6, 1)], 3)).toEqual([])
  })

  it('serves first what is needed first', () => {
    const bench = new Bench(1)
    bench.step({ type: 'want', reader: 1, leaves: wanted(0, 4, 7) })
    bench.end(1, 'passing')
    bench.want(wanted(50, 52), 2)
    expect(fetched(bench.later(2_000))[0]).toEqual({ host: 0, leaves: [50, 51] })
  })

  it('gives a slow host less, and none of what a fast one is done with sooner', () => {
    const bench = new Bench(2)
    bench.want(wanted(0, 32))
    bench.arrive(1, 16, 10)
    bench.end(1)
    bench.arrive(2, 16, 500)
    bench.end(2)
    const effects = bench.want(wanted(32, 64))
    expect(fetched(effects).map(({ host }) => host)).toEqual([0, 0])
  })

  it('moves what a dead or lying host left to another at once', () => {
    for (const failure of ['passing', 'final'] as const) {
      const bench = new Bench(2)
      bench.want(wanted(0, 6))
      bench.arrive(1, 1)
      expect(fetched(bench.end(1, failure))).toEqual([{ host: 1, leaves: [1, 2] }])
    }
  })

  it('takes a liar all its runs away', () => {
    const bench = new Bench(2)
    bench.want(wanted(0, 48))
    const effects = bench.end(1, 'final')
    expect(effects.some(effect => effect.type === 'cancel' && effect.run === 3)).toBe(true)
    expect(fetched(effects).every(({ host }) => host === 1)).toBe(true)
  })

  it('takes what is waited for from a host that is late with it, soon after it would have come from another', () => {
    const bench = new Bench(2)
    bench.want(wanted(0, 6))
    bench.arrive(2, 3)
    bench.end(2)
    const lookMs = nextLookMs(bench.schedule, bench.nowMs) ?? 0
    expect(lookMs - 1_000).toBeLessThanOrEqual(1_100)
    const effects = bench.later(lookMs - bench.nowMs)
    expect(effects[0]).toEqual({ type: 'cancel', run: 1, isLate: true })
    expect(fetched(effects)).toEqual([{ host: 1, leaves: [0, 1, 2] }])
    // What the late host still brings is not taken, so it is not paid twice.
    expect(bench.schedule.runs.get(1)?.leaves).toEqual([])
  })

  it('leaves a late host alone when there is no other, or nobody waits', () => {
    const alone = new Bench(1)
    alone.want(wanted(0, 6))
    expect(alone.later(60_000)).toEqual([])
    const early = new Bench(2)
    early.want(wanted(0, 6, 5))
    expect(early.later(60_000)).toEqual([])
  })

  it('stops what nobody wants any more', () => {
    const bench = new Bench(1)
    bench.want(wanted(0, 6))
    bench.want(wanted(3, 9), 2)
    expect(bench.step({ type: 'leave', reader: 1 }).filter(({ type }) => type === 'cancel')).toEqual([])
    expect(bench.step({ type: 'leave', reader: 2 })).toContainEqual({ type: 'cancel', run: 1, isLate: false })
  })

  it('tries a host again after a rest, and gives up when all failed three times in a row', () => {
    const bench = new Bench(1)
    bench.want(wanted(0, 2))
    expect(bench.end(1, 'passing')).toEqual([])
    expect(fetched(bench.later(2_000))).toHaveLength(1)
    bench.end(2, 'passing')
    expect(fetched(bench.later(2_000))).toHaveLength(1)
    expect(bench.end(3, 'passing')).toEqual([{ type: 'give-up', readers: [1] }])
    expect(fetched(bench.want(wanted(0, 2), 2))).toEqual([])
    expect(fetched(bench.later(2_000))).toHaveLength(1)
  })

  it('gives up at once when every host lied', () => {
    const bench = new Bench(1)
    bench.want(wanted(0, 2))
    expect(bench.end(1, 'final')).toEqual([{ type: 'give-up', readers: [1] }])
    expect(bench.want(wanted(0, 2), 2)).toEqual([{ type: 'give-up', readers: [2] }])
  })
})
