import { readdirSync, readFileSync } from 'node:fs'

/** CPU seconds by kind of process; a renderer's by its threads, since pages and workers of one extension share it. */
export type CpuTimes = Readonly<Record<string, number>>

/** Ticks of `/proc/<pid>/stat`, on every Linux that Node runs on. */
const ticksPerSecond = 100

type Stat = { readonly name: string; readonly parent: number; readonly seconds: number }

/** The times so far of a browser with all its descendants, and of single processes under the names given. */
export const readCpuTimes = (browserPid: number, others: Readonly<Record<string, number>>): CpuTimes => {
  const times: Record<string, number> = {}
  const add = (kind: string, stat: Stat | undefined): void => {
    times[kind] = (times[kind] ?? 0) + (stat?.seconds ?? 0)
  }
  for (const pid of descendantsOf(browserPid)) {
    const kind = kindOf(pid)
    if (kind !== 'renderer') add(kind, readStat(`/proc/${pid}/stat`))
    else
      for (const thread of list(`/proc/${pid}/task`)) {
        const stat = readStat(`/proc/${pid}/task/${thread}/stat`)
        add(thread === `${pid}` ? 'renderer/main' : `renderer/${threadName(stat?.name)}`, stat)
      }
  }
  for (const [name, pid] of Object.entries(others)) add(name, readStat(`/proc/${pid}/stat`))
  return times
}

/** CPU seconds so far, and memory held now, of one process. */
export const readProcess = (pid: number): { readonly seconds: number; readonly residentBytes: number } => {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return {
    seconds: readStat(`/proc/${pid}/stat`)?.seconds ?? 0,
    residentBytes: Number(kilobytes ?? 0) * 1024,
  }
}

/** What was used between two readings; kinds that used nothing are left out. */
export const cpuBetween = (before: CpuTimes, after: CpuTimes): CpuTimes =>
  Object.fromEntries(
    Object.entries(after)
      .map(([kind, seconds]) => [kind, seconds - (before[kind] ?? 0)] as const)
      .filter(([, seconds]) => seconds > 0),
  )

/** All of them together, kind by kind. */
export const addTimes = (all: readonly CpuTimes[]): CpuTimes => {
  const sum: Record<string, number> = {}
  for (const times of all)
    for (const [kind, seconds] of Object.entries(times)) sum[kind] = (sum[kind] ?? 0) + seconds
  return sum
}

const descendantsOf = (root: number): readonly number[] => {
  const parents = new Map<number, number>()
  for (const name of list('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(`/proc/${name}/stat`) : undefined
    if (stat !== undefined) parents.set(Number(name), stat.parent)
  }
  const belongs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || belongs(parents.get(pid)))
  return [...parents.keys()].filter(belongs)
}

const kindOf = (pid: number): string => {
  const command = read(`/proc/${pid}/cmdline`) ?? ''
  const type = /--type=([\w-]+)/.exec(command)?.[1] ?? 'browser'
  const service = /--utility-sub-type=([a-z_]+)/.exec(command)?.[1]
  return type === 'utility' && service !== undefined ? service : type
}

/** Threads of a pool are one kind: `ThreadPoolForeg`, `DedicatedWorker`, `ServiceWorker t`. */
const threadName = (name = 'gone'): string => name.replace(/[\d/].*$/, '').trim()

const readStat = (path: string): Stat | undefined => {
  const text = read(path)
  if (text === undefined) return undefined
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  return {
    name: text.slice(text.indexOf('(') + 1, close),
    parent: Number(fields[1]),
    seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  }
}

/** Processes end while they are looked at. */
const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const list = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
