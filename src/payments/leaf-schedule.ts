/**
 * Which host is asked for which leaves of a purchase, and when: the leaves that are needed first go to the host that
 * is done with them first, in runs small enough for all hosts to work at once. Pure: {@link stepLeafSchedule}.
 *
 * Invariants: a leaf belongs to one run at most, so no two hosts are paid for it; a leaf that a reader wants is under
 * way, or will be as soon as a host can take it, or its reader is told that none will; what no reader wants is stopped.
 */
export type LeafSchedule = {
  readonly hosts: readonly HostPace[]
  /** What each reader lacks of the leaves that it comes to next, in its order. */
  readonly readers: ReadonlyMap<number, readonly WantedLeaf[]>
  readonly runs: ReadonlyMap<number, LeafRun>
  readonly lastRun: number
}

export type WantedLeaf = {
  readonly index: number
  readonly bytes: number
  /** Leaves that the reader takes before this one; 0: it waits for it. */
  readonly ahead: number
}

export type HostPace = {
  /** It is asked for nothing more. */
  readonly isBanned: boolean
  /** Failures since its last good leaf. */
  readonly failures: number
  /** Failures and times that it was late since its last good leaf. */
  readonly strikes: number
  /** Until then others are asked. */
  readonly restsUntilMs: number
  /** Milliseconds that a byte of it takes, averaged; undefined before its first leaf. */
  readonly msPerByte: number | undefined
  /** When its last leaf arrived, or it was given work after having none. */
  readonly markMs: number
}

/** One request to one host. */
export type LeafRun = {
  readonly host: number
  /** What may still arrive by it; nothing else of it is taken. */
  readonly leaves: readonly Omit<WantedLeaf, 'ahead'>[]
  /** It was told to end; others may be asked for its leaves. */
  readonly isCancelled: boolean
  /** When its last leaf arrived, or it began. */
  readonly quietSinceMs: number
}

export type LeafEvent =
  /** All that a reader lacks within {@link windowLeaves}, in its order; replaces what it wanted before. */
  | { readonly type: 'want'; readonly reader: number; readonly leaves: readonly WantedLeaf[] }
  | { readonly type: 'leave'; readonly reader: number }
  /** A leaf of a run was verified; to be told only if {@link isAwaited}. */
  | { readonly type: 'arrived'; readonly run: number; readonly index: number }
  /** A run is over. `passing`: its host may be asked again after a rest; `final`: never. */
  | {
      readonly type: 'ended'
      readonly run: number
      readonly failure: 'passing' | 'final' | undefined
    }
  /** Time passed, see {@link nextLookMs}. */
  | { readonly type: 'tick' }

export type LeafEffect =
  | {
      readonly type: 'fetch'
      readonly run: number
      readonly host: number
      readonly leaves: readonly number[]
    }
  /** `isLate`: because its host was too slow for what was needed, else because nobody wants it. */
  | { readonly type: 'cancel'; readonly run: number; readonly isLate: boolean }
  /** No host is left for what they want. */
  | { readonly type: 'give-up'; readonly readers: readonly number[] }

export type LeafStep = { readonly schedule: LeafSchedule; readonly effects: readonly LeafEffect[] }

/** Leaves that a reader wants ahead of the one it takes next, 16 MiB: two requests. No more than a trusted host sends ahead. */
export const windowLeaves = 64
/**
 * Leaves of one run when one host does all: 8 MiB, since each request costs. More hosts take less each, to be done at
 * about the same time.
 */
const mostRunLeaves = 32
const leastRunLeaves = 4
/** A run begins when its first leaf is so near, or when it is as long as runs may be. */
const nearLeaves = 8
/** Requests of one host at the same time: the next is there when one ends. What is urgent may be one more. */
const runsPerHost = 2
const restMs = 2_000
/** After so many failures in a row a host counts as gone, and is tried again now and then while others serve. */
const mostFailures = 3
const goneMs = 15_000
/** How long after its rest a host with strikes is asked only if no better one is there. */
const suspectMs = 20_000
/** A host that had no work for so long is thought twice as fast as it was measured: lines recover. */
const forgetMs = 5_000
/** A run whose leaf is so near may be taken from a host that is late with it. */
const urgentLeaves = 4
/** Lateness: so many times what the best other host takes for a leaf, within these bounds. */
const lateTimes = 3
const leastLateMs = 1_000
const mostLateMs = 8_000
const unmeasuredLateMs = 2_000
/** Weight of the newest leaf in a host's average. */
const newestWeight = 0.25

export const openLeafSchedule = (hostCount: number): LeafSchedule => ({
  hosts: Array.from({ length: hostCount }, () => ({
    isBanned: false,
    failures: 0,
    strikes: 0,
    restsUntilMs: 0,
    msPerByte: undefined,
    markMs: 0,
  })),
  readers: new Map(),
  runs: new Map(),
  lastRun: 0,
})

/** Whether a leaf that came by a run is to be taken, and its host paid for it. */
export const isAwaited = (schedule: LeafSchedule, run: number, index: number): boolean =>
  schedule.runs.get(run)?.leaves.some(leaf => leaf.index === index) ?? false

/** The next state, and what is to be done, in the order given. */
export const stepLeafSchedule = (schedule: LeafSchedule, event: LeafEvent, nowMs: number): LeafStep => {
  const plan = new Plan(schedule, nowMs)
  plan.apply(event)
  // A leaf that came frees nobody before its run is done; it comes hundreds of times a second.
  if (event.type === 'arrived' && plan.isUnderWay(event.run))
    return { schedule: plan.toSchedule(), effects: [] }
  plan.stopUnwanted()
  plan.takeFromLate()
  plan.giveWork()
  plan.giveUp()
  return { schedule: plan.toSchedule(), effects: plan.effects }
}

/** When to look again even if nothing happens; undefined when only an event can change anything. */
export const nextLookMs = (schedule: LeafSchedule, nowMs: number): number | undefined =>
  new Plan(schedule, nowMs).nextLookMs()

/** A schedule being changed: it works on copies, and lives for one step. */
class Plan {
  readonly effects: LeafEffect[] = []
  readonly #hosts: HostPace[]
  readonly #readers: Map<number, readonly WantedLeaf[]>
  readonly #runs: Map<number, LeafRun>
  readonly #nowMs: number
  #lastRun: number

  constructor({ hosts, readers, runs, lastRun }: LeafSchedule, nowMs: number) {
    this.#hosts = [...hosts]
    this.#readers = new Map(readers)
    this.#runs = new Map(runs)
    this.#lastRun = lastRun
    this.#nowMs = nowMs
  }

  toSchedule(): LeafSchedule {
    return { hosts: this.#hosts, readers: this.#readers, runs: this.#runs, lastRun: this.#lastRun }
  }

  apply(event: LeafEvent): void {
    if (event.type === 'want') this.#readers.set(event.reader, distinct(event.leaves))
    if (event.type === 'leave') this.#readers.delete(event.reader)
    if (event.type === 'arrived') this.#arrive(event.run, event.index)
    if (event.type === 'ended') this.#end(event.run, event.failure)
  }

  isUnderWay(run: number): boolean {
    return (this.#runs.get(run)?.leaves.length ?? 0) > 0
  }

  stopUnwanted(): void {
    const wanted = new Set([...this.#readers.values()].flatMap(leaves => leaves.map(leaf => leaf.index)))
    for (const [number, run] of this.#active())
      if (!run.leaves.some(leaf => wanted.has(leaf.index))) this.#cancel(number, run, false)
  }

  /** What is needed soon and does not come moves to a host that can take it. */
  takeFromLate(): void {
    for (const [number, run] of this.#active()) {
      const lateMs = this.#lateMs(run)
      if (lateMs === undefined || this.#nowMs < lateMs) continue
      this.#change(run.host, host => ({
        ...host,
        strikes: host.strikes + 1,
        restsUntilMs: this.#nowMs + restMs,
      }))
      this.#cancel(number, run, true)
    }
  }

  /** Begins runs as long as there is something to fetch and the host that would be done with it first is free. */
  giveWork(): void {
    for (;;) {
      const ready = this.#ready()
      if (ready.length === 0) return
      const mostLeaves = Math.max(leastRunLeaves, Math.floor(mostRunLeaves / ready.length))
      const next = this.#idleLists().find(
        ([first, ...more]) => first.ahead < nearLeaves || more.length + 1 >= mostLeaves,
      )
      if (next === undefined) return
      const idle = ready.filter(host => this.#runsOf(host).length === 0).length
      const leaves = next.slice(0, Math.min(mostLeaves, Math.ceil(next.length / (idle || ready.length))))
      const host = this.#fastest(ready, sizeOf(leaves))
      const mostRuns = next[0].ahead < urgentLeaves ? runsPerHost + 1 : runsPerHost
      if (host === undefined || this.#runsOf(host).length >= mostRuns) return
      this.#begin(host, leaves)
    }
  }

  /** Readers that no host can serve are told, and the hosts may be tried again for the next ones. */
  giveUp(): void {
    const isHope = this.#hosts.some(host => !host.isBanned && host.failures < mostFailures)
    if (isHope || this.#active().length > 0) return
    const readers = [...this.#readers].filter(([, leaves]) => leaves.length > 0).map(([reader]) => reader)
    if (readers.length === 0) return
    for (const reader of readers) this.#readers.delete(reader)
    for (const at of this.#hosts.keys())
      this.#change(at, host => ({ ...host, failures: 0, restsUntilMs: this.#nowMs + restMs }))
    this.effects.push({ type: 'give-up', readers })
  }

  nextLookMs(): number | undefined {
    if ([...this.#readers.values()].every(leaves => leaves.length === 0)) return undefined
    const times = [
      ...this.#active().flatMap(([, run]) => this.#lateMs(run) ?? []),
      ...this.#hosts.flatMap(host => (host.isBanned ? [] : host.restsUntilMs)),
    ]
    const later = times.filter(timeMs => timeMs > this.#nowMs)
    return later.length === 0 ? undefined : Math.min(...later)
  }

  #arrive(number: number, index: number): void {
    const run = this.#runs.get(number)
    const leaf = run?.leaves.find(candidate => candidate.index === index)
    if (run === undefined || leaf === undefined) return
    const leaves = run.leaves.filter(other => other !== leaf)
    this.#runs.set(number, { ...run, leaves, quietSinceMs: this.#nowMs })
    this.#change(run.host, host => ({ ...host, ...paceAfter(host, leaf.bytes, this.#nowMs) }))
    for (const [reader, wanted] of this.#readers)
      this.#readers.set(
        reader,
        wanted.filter(other => other.index !== index),
      )
  }

  #end(number: number, told: 'passing' | 'final' | undefined): void {
    const run = this.#runs.get(number)
    if (run === undefined) return
    this.#runs.delete(number)
    // Whoever ends a run before it is done, and was not asked to, has failed.
    const failure = told ?? (run.leaves.length > 0 && !run.isCancelled ? 'passing' : undefined)
    if (failure === undefined) return
    this.#change(run.host, host => ({
      ...host,
      isBanned: host.isBanned || failure === 'final',
      failures: host.failures + 1,
      strikes: host.strikes + 1,
      restsUntilMs: this.#nowMs + (host.failures + 1 < mostFailures ? restMs : goneMs),
    }))
    if (failure === 'final')
      for (const [other, its] of this.#active()) if (its.host === run.host) this.#cancel(other, its, false)
  }

  #begin(host: number, leaves: readonly WantedLeaf[]): void {
    const run = ++this.#lastRun
    const indices = leaves.map(leaf => leaf.index)
    // From here on they are this host's: what a cancelled run still brings of them is not taken.
    for (const [number, other] of this.#runs)
      this.#runs.set(number, {
        ...other,
        leaves: other.leaves.filter(leaf => !indices.includes(leaf.index)),
      })
    if (this.#runsOf(host).length === 0) this.#change(host, pace => ({ ...pace, markMs: this.#nowMs }))
    this.#runs.set(run, {
      host,
      leaves: leaves.map(({ index, bytes }) => ({ index, bytes })),
      isCancelled: false,
      quietSinceMs: this.#nowMs,
    })
    this.effects.push({ type: 'fetch', run, host, leaves: indices })
  }

  #cancel(number: number, run: LeafRun, isLate: boolean): void {
    this.#runs.set(number, { ...run, isCancelled: true })
    this.effects.push({ type: 'cancel', run: number, isLate })
  }

  /** When a run counts as late: undefined unless it is needed soon and another host could take it. */
  #lateMs(run: LeafRun): number | undefined {
    const others = this.#ready().filter(host => host !== run.host)
    const isUrgent = [...this.#readers.values()].some(leaves =>
      leaves.some(
        ({ index, ahead }) => ahead < urgentLeaves && run.leaves.some(leaf => leaf.index === index),
      ),
    )
    if (others.length === 0 || !isUrgent) return undefined
    const paces = others.flatMap(host => this.#hosts[host]?.msPerByte ?? [])
    const leafMs = Math.min(...paces) * (run.leaves[0]?.bytes ?? 0)
    const waitMs =
      paces.length === 0 ? unmeasuredLateMs : Math.min(mostLateMs, Math.max(leastLateMs, lateTimes * leafMs))
    // Runs of one host share its line.
    return run.quietSinceMs + waitMs * this.#runsOf(run.host).length
  }

  /** Of each reader what nobody fetches, those that are needed first before the others. */
  #idleLists(): (readonly [WantedLeaf, ...WantedLeaf[]])[] {
    const fetched = new Set(this.#active().flatMap(([, run]) => run.leaves.map(leaf => leaf.index)))
    return [...this.#readers.values()]
      .flatMap(leaves => {
        const [first, ...more] = leaves.filter(leaf => !fetched.has(leaf.index))
        return first === undefined ? [] : [[first, ...more] as const]
      })
      .sort(([a], [b]) => a.ahead - b.ahead)
  }

  #active(): (readonly [number, LeafRun])[] {
    return [...this.#runs].filter(([, run]) => !run.isCancelled && run.leaves.length > 0)
  }

  #runsOf(host: number): LeafRun[] {
    return this.#active().flatMap(([, run]) => (run.host === host ? run : []))
  }

  /** Hosts that may be asked now. */
  #ready(): number[] {
    return [...this.#hosts.keys()].filter(at => {
      const host = this.#hosts[at]
      return host !== undefined && !host.isBanned && host.restsUntilMs <= this.#nowMs
    })
  }

  /**
   * The host with the fewest strikes that would be done first with so many bytes more; of equals the one that got work
   * the longest ago. An unmeasured one counts as the best.
   */
  #fastest(hosts: readonly number[], bytes: number): number | undefined {
    const measured = hosts.flatMap(at => this.#hosts[at]?.msPerByte ?? [])
    const best = Math.max(fastestMsPerByte, Math.min(1, ...measured))
    const doneMs = (at: number): number => {
      const runs = this.#runsOf(at)
      const waiting = runs.reduce((sum, run) => sum + sizeOf(run.leaves), 0)
      const { msPerByte = best, markMs = 0 } = this.#hosts[at] ?? {}
      const idleMs = runs.length === 0 ? this.#nowMs - markMs : 0
      return (waiting + bytes) * Math.max(best, msPerByte * 2 ** (-idleMs / forgetMs))
    }
    const strikes = (at: number): number => {
      const host = this.#hosts[at]
      return host === undefined || this.#nowMs > host.restsUntilMs + suspectMs ? 0 : host.strikes
    }
    const idleSinceMs = (at: number): number => this.#hosts[at]?.markMs ?? 0
    return hosts.toSorted(
      (a, b) => strikes(a) - strikes(b) || doneMs(a) - doneMs(b) || idleSinceMs(a) - idleSinceMs(b),
    )[0]
  }

  #change(at: number, change: (host: HostPace) => HostPace): void {
    const host = this.#hosts[at]
    if (host !== undefined) this.#hosts[at] = change(host)
  }
}

/** Faster than any line: so that hosts measured within one tick of the clock still differ by what waits for them. */
const fastestMsPerByte = 1e-7

const distinct = (leaves: readonly WantedLeaf[]): readonly WantedLeaf[] =>
  [...new Map(leaves.toReversed().map(leaf => [leaf.index, leaf])).values()].sort((a, b) => a.ahead - b.ahead)

const sizeOf = (leaves: readonly { readonly bytes: number }[]): number =>
  leaves.reduce((sum, leaf) => sum + leaf.bytes, 0)

const paceAfter = (host: HostPace, bytes: number, nowMs: number) => {
  const newest = (nowMs - host.markMs) / Math.max(1, bytes)
  const msPerByte =
    host.msPerByte === undefined ? newest : host.msPerByte + newestWeight * (newest - host.msPerByte)
  return { msPerByte, failures: 0, strikes: 0, markMs: nowMs }
}
