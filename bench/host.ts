/**
 * A host that many viewers pay, against a bare `node:http` server of the same block files (docs/bench.md). Says on
 * stderr what it does, and prints one JSON object as the last line on stdout.
 *
 *   npm run bench:host -- [--viewers 1,10,100,500] [--rounds 5]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { roleFolder } from '#cli/role-folder.ts'
import { foldersFor } from '#daemon/folders.ts'
import { startTown, type Town } from '#devnet/town.ts'
import type { Leaf } from '#media/dag.ts'
import { readProcess } from './cpu-times.ts'
import { describeMachine, medianOf, roundTo } from './machine.ts'
import { openViewers, type PayingViewer } from './paying-viewers.ts'
import { pidOf, startServer } from './server-process.ts'
import { publishFilmFolder, writeFilm } from './synthetic-film.ts'

const mebibyte = 1_048_576
const resultFile = join(import.meta.dirname, 'results/host.json')
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const filmMebibytes = 256
/** Bytes of one round, shared by its viewers; each reads 1 MiB at least. */
const roundBytes = 256 * mebibyte
const leastLeaves = 4

type Used = { readonly bytes: number; readonly seconds: number; readonly cpuSeconds: number }
const perCpuSecond = ({ bytes, cpuSeconds }: Used): number => bytes / cpuSeconds
const sizeOf = (leaves: readonly Leaf[]): number => leaves.reduce((sum, { size }) => sum + size, 0)

/** What a process used while something was done. */
const measure = async (pid: number, bytes: number, work: () => Promise<unknown>): Promise<Used> => {
  const [startedAt, before] = [performance.now(), readProcess(pid)]
  await work()
  const cpuSeconds = readProcess(pid).seconds - before.seconds
  return { bytes, seconds: (performance.now() - startedAt) / 1000, cpuSeconds }
}

/** Reads leaves from the bare server as viewers read theirs, but checks and pays nothing. */
const readBare = async (url: string, first: number, count: number): Promise<void> => {
  for (let at = first; at < first + count; at += 16) {
    const response = await fetch(`${url}/${at}-${Math.min(at + 16, first + count) - 1}`)
    for await (const _ of response.body ?? []);
  }
}

const { values } = parseArgs({
  options: {
    viewers: { type: 'string', default: '1,10,100,500' },
    rounds: { type: 'string', default: '5' },
  },
})
const counts = values.viewers.split(',').map(Number)
const rounds = Number(values.rounds)
const loadBefore = roundTo(loadavg()[0] ?? 0, 2)
const folder = await mkdtemp(join(tmpdir(), 'paratii-bench-'))
const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
const close = async (): Promise<void> => {
  for (const end of closers.splice(0).toReversed()) await end()
}
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => void close().finally(() => process.exit(1)))

const measureCount = async (
  town: { readonly pid: number; readonly bare: { readonly url: string; readonly pid: number } },
  viewers: Awaited<ReturnType<typeof openViewers>>,
  count: number,
) => {
  const share = Math.max(leastLeaves, Math.floor(roundBytes / count / 262_144))
  const leaves = viewers.leaves.filter(({ size }) => size === 262_144)
  const residentBefore = readProcess(town.pid).residentBytes
  let residentMost = 0
  let open: PayingViewer[] = []
  let from = leaves.length
  const ratios: number[] = []
  const paid: Used[] = []
  const bare: Used[] = []
  let receipts = 0
  for (let round = 0; round < rounds; round++) {
    if (from + share > leaves.length) {
      await Promise.all(open.map(viewer => viewer.close()))
      open = []
      for (let n = 0; n < count; n++) open.push(await viewers.open())
      from = 0
    }
    const asked = leaves.slice(from, from + share)
    const before = open.reduce((sum, viewer) => sum + viewer.receipts, 0)
    const watch = setInterval(() => {
      residentMost = Math.max(residentMost, readProcess(town.pid).residentBytes)
    }, 50)
    const paidRound = await measure(town.pid, sizeOf(asked) * count, () =>
      Promise.all(
        open.map(async viewer => {
          await viewer.read(asked)
          await viewer.flush()
        }),
      ),
    )
    clearInterval(watch)
    receipts += open.reduce((sum, viewer) => sum + viewer.receipts, 0) - before
    const bareRound = await measure(town.bare.pid, sizeOf(asked) * count, () =>
      Promise.all(Array.from({ length: count }, () => readBare(town.bare.url, from, share))),
    )
    from += share
    paid.push(paidRound)
    bare.push(bareRound)
    ratios.push(perCpuSecond(paidRound) / perCpuSecond(bareRound))
    say(
      `${count} viewers, round ${round + 1}: ${(perCpuSecond(paidRound) / 1e6).toFixed(0)} of ` +
        `${(perCpuSecond(bareRound) / 1e6).toFixed(0)} MB a CPU second, ratio ${ratios.at(-1)?.toFixed(3)}`,
    )
  }
  await Promise.all(open.map(viewer => viewer.close()))
  const seconds = paid.reduce((sum, used) => sum + used.seconds, 0)
  return {
    viewers: count,
    ratio: roundTo(medianOf(ratios), 3),
    ratios: ratios.map(ratio => roundTo(ratio, 3)),
    paidMBsPerCpu: roundTo(medianOf(paid.map(perCpuSecond)) / 1e6, 0),
    bareMBsPerCpu: roundTo(medianOf(bare.map(perCpuSecond)) / 1e6, 0),
    paidMBs: roundTo(medianOf(paid.map(({ bytes, seconds: took }) => bytes / took)) / 1e6, 0),
    receiptsPerSecond: roundTo(receipts / seconds, 0),
    receiptsPerCpuSecond: roundTo(receipts / paid.reduce((sum, used) => sum + used.cpuSeconds, 0), 0),
    memoryPerViewerBytes: Math.round(Math.max(0, residentMost - residentBefore) / count),
  }
}

try {
  say(`Writing ${filmMebibytes} MiB of random bytes`)
  const film = await writeFilm(join(folder, 'film'), filmMebibytes)
  // What is served is believed open for as long as this lasts.
  const town: Town = await startTown({
    folder,
    film: publishFilmFolder(film),
    periodSeconds: 3600,
    onStep: say,
  })
  closers.push(town.stop)
  const [host] = town.hosts
  if (host === undefined) throw new Error('a town without a host')
  const viewers = await openViewers(town)
  closers.push(async () => viewers.close())
  const list = join(folder, 'leaves.json')
  await writeFile(list, JSON.stringify(viewers.leaves.filter(({ size }) => size === 262_144)))
  const { blocks } = roleFolder(foldersFor(host.command.home, {}), 'host')
  const bare = await startServer('bare-blocks.ts', blocks, list)
  closers.push(bare.stop)
  const pid = pidOf(host.process.process)
  const byViewers = []
  for (const count of counts) byViewers.push(await measureCount({ pid, bare }, viewers, count))
  const result = {
    name: 'host',
    ratio: byViewers[0]?.ratio,
    byViewers,
    rounds,
    loadBefore,
    machine: describeMachine(''),
    at: new Date().toISOString(),
  }
  await mkdir(join(resultFile, '..'), { recursive: true })
  await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`)
  console.log(JSON.stringify(result))
} finally {
  await close()
}
