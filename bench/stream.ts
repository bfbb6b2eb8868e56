/**
 * The paid stream of the built extension against a plain `fetch` of the same bytes in the same page (docs/bench.md).
 * Says on stderr what it does, and prints one JSON object as the last line on stdout.
 *
 *   npm run bench:stream -- [--mib 256] [--hosts 1] [--pairs 5]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { addTimes, type CpuTimes } from './cpu-times.ts'
import { readReceiptBytes } from './host-receipts.ts'
import { describeMachine, medianOf, roundTo } from './machine.ts'
import { type Pair, type ReaderName, type Run, StreamRuns } from './stream-runs.ts'
import { openStage, type StreamStage } from './stream-stage.ts'
import { openPlayer } from './viewer.ts'

const gibibyte = 2 ** 30
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const speedOf = ({ bytes, seconds }: Run): number => bytes / 1e6 / seconds
const ratioOf = ({ plain, paid }: Pair): number => speedOf(paid) / speedOf(plain)
const medianSpeed = (runs: readonly Run[]): number => roundTo(medianOf(runs.map(speedOf)), 1)

/** CPU seconds for a GiB, over all runs together: single runs are too short for the kernel's clock. */
const cpuPerGiB = (runs: readonly Run[]): CpuTimes => {
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0)
  const entries = Object.entries(addTimes(runs.map(run => run.cpu)))
    .map(([kind, seconds]) => [kind, roundTo((seconds * gibibyte) / bytes, 2)] as const)
    .filter(([, seconds]) => seconds >= 0.05)
    .toSorted(([, a], [, b]) => b - a)
  const total = entries.reduce((sum, [, seconds]) => sum + seconds, 0)
  return { total: roundTo(total, 2), ...Object.fromEntries(entries) }
}

/** The hosts must hold receipts for every byte of every purchase, and for no more. */
const checkReceipts = async (stage: StreamStage, { purchases }: StreamRuns) => {
  const held = await readReceiptBytes(stage.town.hosts)
  const expectedBytes = stage.film.totalBytes
  for (const purchase of purchases)
    if (held.get(purchase) !== expectedBytes)
      throw new Error(`${purchase}: receipts for ${held.get(purchase)} of ${expectedBytes} bytes`)
  if (held.size !== purchases.length)
    throw new Error(`receipts for ${held.size} purchases of ${purchases.length}`)
  return { purchases: purchases.length, bytes: purchases.length * expectedBytes, addUp: true }
}

const measure = async (stage: StreamStage, pairCount: number) => {
  const runs = new StreamRuns(stage, await openPlayer(stage.chromium, stage.town.video))
  say('Reading once to warm up, and to check the bytes')
  await runs.checkBytes()
  await runs.measurePair('byob')
  const pairs: Record<ReaderName, Pair[]> = { default: [], byob: [] }
  for (let n = 1; n <= pairCount; n++)
    for (const reader of ['default', 'byob'] as const) {
      const pair = await runs.measurePair(reader)
      pairs[reader].push(pair)
      const speeds = `paid ${speedOf(pair.paid).toFixed(0)}, plain ${speedOf(pair.plain).toFixed(0)} MB/s`
      say(`Pair ${n} of ${pairCount}, ${reader} reader: ${speeds}, ratio ${ratioOf(pair).toFixed(3)}`)
    }
  const plain = pairs.default.map(pair => pair.plain)
  const plainByob = pairs.byob.map(pair => pair.plain)
  const paid = pairs.default.map(pair => pair.paid)
  const paidByob = pairs.byob.map(pair => pair.paid)
  const ratios = pairs.default.map(ratioOf)
  return {
    ratio: roundTo(medianOf(ratios), 3),
    ratios: ratios.map(ratio => roundTo(ratio, 3)),
    paidMBs: medianSpeed(paid),
    plainMBs: medianSpeed(plain),
    byobRatio: roundTo(medianOf(paidByob.map((run, at) => speedOf(run) / speedOf(plain[at] ?? run))), 3),
    byobMBs: medianSpeed(paidByob),
    plainByobMBs: medianSpeed(plainByob),
    byobToByobRatio: roundTo(medianOf(pairs.byob.map(ratioOf)), 3),
    receipts: await checkReceipts(stage, runs),
    cpuSecondsPerGiB: {
      plain: cpuPerGiB(plain),
      paid: cpuPerGiB(paid),
      plainByob: cpuPerGiB(plainByob),
      paidByob: cpuPerGiB(paidByob),
    },
  }
}

const countFrom = (text: string, name: string): number => {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} is a count, not "${text}"`)
  return count
}

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '256' },
    hosts: { type: 'string', default: '1' },
    pairs: { type: 'string', default: '5' },
  },
})
const mib = countFrom(values.mib, 'mib')
const hosts = countFrom(values.hosts, 'hosts')
const pairs = countFrom(values.pairs, 'pairs')

const resultFile = join(import.meta.dirname, `results/stream-${hosts}.json`)
/** What else the machine has to do: a figure taken beside others is worth less. */
const loadBefore = roundTo(loadavg()[0] ?? 0, 2)
const folder = await mkdtemp(join(tmpdir(), 'paratii-bench-'))
const opening = openStage({ folder, mebibytes: mib, hosts, onStep: say })
/** What is just being started is waited for: else it would be left running. */
const close = async (): Promise<void> => {
  await opening.then(
    stage => stage.stop(),
    () => {},
  )
  await rm(folder, { recursive: true, force: true })
}
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => void close().finally(() => process.exit(1)))
try {
  const stage = await opening
  const figures = await measure(stage, pairs)
  const machine = describeMachine(await stage.chromium.devtools.version())
  const result = {
    name: 'stream',
    ...figures,
    pairs,
    mib,
    hosts,
    loadBefore,
    machine,
    at: new Date().toISOString(),
  }
  await mkdir(dirname(resultFile), { recursive: true })
  await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`)
  console.log(JSON.stringify(result))
} finally {
  await close()
}
