import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  isAwaited,
  type LeafEvent,
  nextLookMs,
  openLeafSchedule,
  stepLeafSchedule,
  windowLeaves,
} from './leaf-schedule.ts'

/** Readers and hosts in any order: whatever is cancelled, lost, late or begun anew, each leaf is taken, and paid, once. */

const runs = Number(process.env.FC_NUM_RUNS ?? 300)
/** A run of thousands takes its time. */
const timeoutMs = 20_000 + 50 * runs
const bytes = 262_144
const fileLeaves = 60
/** The last host is honest; the others do what they like. */
const hostCount = 3
const honest = hostCount - 1

type Reader = { at: number; readonly end: number }

class Simulation {
  schedule = openLeafSchedule(hostCount)
  nowMs = 0
  /** Verified leaves, kept across restarts; and who was paid for each. */
  readonly kept = new Map<number, number>()
  readonly readers = new Map<number, Reader>()
  /** Runs at the hosts: leaves not yet sent. */
  readonly sending = new Map<number, { readonly host: number; readonly leaves: number[] }>()
  readonly cancelled = new Set<number>()
  begun = 0

  step(event: LeafEvent): void {
    const { schedule, effects } = stepLeafSchedule(this.schedule, event, this.nowMs)
    this.schedule = schedule
    for (const effect of effects) {
      if (effect.type === 'fetch')
        this.sending.set(effect.run, { host: effect.host, leaves: [...effect.leaves] })
      else if (effect.type === 'cancel') this.cancelled.add(effect.run)
      // The honest host is never banned, and never fails three times before it delivers.
      else throw new Error('gave up though a host was left')
    }
    const owned = [...this.schedule.runs.values()].flatMap(run => run.leaves.map(leaf => leaf.index))
    expect(new Set(owned).size).toBe(owned.length)
    expect(owned.some(index => this.kept.has(index))).toBe(false)
  }

  read(from: number, count: number): void {
    const reader = this.begun++
    this.readers.set(reader, { at: from, end: Math.min(fileLeaves, from + count) })
    this.want(reader)
  }

  want(number: number): void {
    const reader = this.readers.get(number)
    if (reader === undefined) return
    const { at, end } = reader
    const leaves = Array.from({ length: Math.min(windowLeaves, end - at) }, (_, ahead) => ({
      index: at + ahead,
      bytes,
      ahead,
    }))
    this.step({ type: 'want', reader: number, leaves: leaves.filter(leaf => !this.kept.has(leaf.index)) })
  }

  /** A reader takes what is there. */
  take(pick: number): void {
    const number = pickOf(this.readers, pick)
    const reader = number === undefined ? undefined : this.readers.get(number)
    if (number === undefined || reader === undefined) return
    while (reader.at < reader.end && this.kept.has(reader.at)) reader.at++
    if (reader.at < reader.end) this.want(number)
    else this.leave(number)
  }

  leave(number: number): void {
    this.readers.delete(number)
    this.step({ type: 'leave', reader: number })
  }

  deliver(pick: number): void {
    const run = pickOf(this.sending, pick)
    const sending = run === undefined ? undefined : this.sending.get(run)
    const index = sending?.leaves.shift()
    if (run === undefined || sending === undefined) return
    if (index === undefined) this.end(run, undefined)
    // Also a cancelled run brings what was on its way.
    if (index === undefined || !isAwaited(this.schedule, run, index)) return
    expect(this.kept.has(index)).toBe(false)
    this.kept.set(index, sending.host)
    this.step({ type: 'arrived', run, index })
  }

  end(run: number, failure: 'passing' | 'final' | undefined): void {
    this.sending.delete(run)
    this.cancelled.delete(run)
    this.step({ type: 'ended', run, failure })
  }

  fail(pick: number, failure: 'passing' | 'final'): void {
    const run = pickOf(this.sending, pick)
    if (run === undefined || this.sending.get(run)?.host === honest) return
    this.end(run, failure)
  }

  endCancelled(): void {
    for (const run of [...this.cancelled]) this.end(run, undefined)
  }

  later(waitMs: number): void {
    this.nowMs += waitMs
    this.step({ type: 'tick' })
  }

  /** The viewer is killed: what was kept stays, what was on its way is lost, readers come again. */
  restart(): void {
    this.schedule = openLeafSchedule(hostCount)
    this.sending.clear()
    this.cancelled.clear()
    for (const number of this.readers.keys()) this.want(number)
  }

  /** Every reader goes on until it has all; only the honest host sends. */
  finish(): void {
    for (let turn = 0; this.readers.size > 0; turn++) {
      if (turn > 2_000) throw new Error('the readers wait for ever')
      this.endCancelled()
      for (const number of [...this.readers.keys()]) this.take([...this.readers.keys()].indexOf(number))
      const mine = [...this.sending.keys()].filter(run => this.sending.get(run)?.host === honest)
      for (const run of mine) this.deliver([...this.sending.keys()].indexOf(run))
      if (mine.length > 0) continue
      const lookMs = nextLookMs(this.schedule, this.nowMs)
      if (lookMs !== undefined) this.later(lookMs - this.nowMs)
      // A stalled request ends by itself at last.
      else this.fail(turn, 'passing')
    }
  }
}

const pickOf = <K>(map: ReadonlyMap<K, unknown>, pick: number): K | undefined =>
  [...map.keys()][pick % Math.max(1, map.size)]

const pick = fc.nat(20)
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(fileLeaves - 1), fc.integer({ min: 1, max: 40 })).map(
      ([from, count]) =>
        (s: Simulation) =>
          s.read(from, count),
    ),
  },
  { weight: 14, arbitrary: pick.map(at => (s: Simulation) => s.deliver(at)) },
  { weight: 6, arbitrary: pick.map(at => (s: Simulation) => s.take(at)) },
  {
    weight: 2,
    arbitrary: pick.map(at => (s: Simulation) => {
      const reader = pickOf(s.readers, at)
      if (reader !== undefined) s.leave(reader)
    }),
  },
  { weight: 1, arbitrary: pick.map(at => (s: Simulation) => s.fail(at, 'passing')) },
  { weight: 1, arbitrary: pick.map(at => (s: Simulation) => s.fail(at, 'final')) },
  { weight: 2, arbitrary: fc.constant((s: Simulation) => s.endCancelled()) },
  { weight: 3, arbitrary: fc.constantFrom(10, 300, 2_500).map(waitMs => (s: Simulation) => s.later(waitMs)) },
  { weight: 1, arbitrary: fc.constant((s: Simulation) => s.restart()) },
)

it(
  'gives every reader all of its leaves, each taken from one host once, whatever the others do',
  () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 20, maxLength: 200 }), actions => {
        const simulation = new Simulation()
        for (const act of actions) act(simulation)
        simulation.finish()
        expect(simulation.readers.size).toBe(0)
      }),
      { numRuns: runs },
    )
  },
  timeoutMs,
)

it(
  'fetches nothing twice when nothing fails and nobody leaves',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('deliver', 'take', 'read'), pick), { maxLength: 300 }),
        doings => {
          const simulation = new Simulation()
          simulation.read(0, fileLeaves)
          for (const [doing, at] of doings) {
            if (doing === 'deliver') simulation.deliver(at)
            else if (doing === 'take') simulation.take(at)
            else simulation.read(at, 30)
            expect(simulation.cancelled.size).toBe(0)
          }
        },
      ),
      { numRuns: runs },
    )
  },
  timeoutMs,
)
