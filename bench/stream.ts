/**
 * The paid stream of the built extension against a plain `fetch` of the same bytes in the same page (docs/bench.md).
 * Says on stderr what it does, and prints one JSON object as the last line on stdout.
 *
 *   npm run bench:stream -- [--mib 256] [--hosts 1] [--pairs 5] [--paced 3]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { addTimes, type CpuTimes } from './cpu-times.ts'
import { readReceiptBytes } from './host-receipts.ts'
import { describeMachine, medianOf, roundTo } from './machine.ts'
import { type Round, type Run, StreamRuns, type Way } from './stream-runs.ts'
import { openStage, type StreamStage } from './stream-stage.ts'
import { openPlayer } from './viewer.ts'

const gibibyte = 2 ** 30
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const speedOf = ({ bytes, seconds }: Run): number => bytes / 1e6 / seconds
const ratioOf = (run: Run, plain: Run): number => speedOf(run) / speedOf(plain)
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

/** What was read of a purchase may be followed by one leaf that was fetched ahead. */
const mostAheadBytes = 262_144

/** The hosts must hold receipts for every byte of every purchase, and for no more. */
const checkReceipts = async (stage: StreamStage, { purchases }: StreamRuns) => {
  const held = await readReceiptBytes(stage.town.hosts)
  let bytes = 0
  for (const [purchase, readBytes] of purchases) {
    const heldBytes = held.get(purchase) ?? 0
    const moreBytes = heldBytes - readBytes - stage.film.headBytes
    if (moreBytes !== 0 && moreBytes !== mostAheadBytes)
      throw new Error(`${purchase}: receipts for ${heldBytes} bytes, where ${readBytes} were read`)
    bytes += heldBytes
  }
  if (held.size !== purchases.size)
    throw new Error(`receipts for ${held.size} purchases of ${purchases.size}`)
  return { purchases: purchases.size, bytes, addUp: true }
}

/** The client that runs in the page is the player's own, bundled with what drives it. */
const bundlePortPage = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'port-page.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
  })
  return outputFiles[0]?.text ?? ''
}

const measure = async (stage: StreamStage, pairCount: number, pacedCount: number) => {
  const page = await openPlayer(stage.chromium, stage.town.video)
  await page.addScript(await bundlePortPage())
  const runs = new StreamRuns(stage, page)
  say('Reading once to warm up, and to check the bytes')
  await runs.checkBytes()
  const rounds: Round[] = []
  for (let n = 1; n <= pairCount; n++) {
    const round = await runs.measureRound()
    rounds.push(round)
    const { plain, ...others } = round
    const ratios = Object.entries(others).map(([way, run]) => `${way} ${ratioOf(run, plain).toFixed(3)}`)
    say(`Round ${n} of ${pairCount}: plain ${speedOf(plain).toFixed(0)} MB/s; ${ratios.join(', ')}`)
  }
  const paced: Awaited<ReturnType<StreamRuns['measurePaced']>>[] = []
  for (let n = 1; n <= pacedCount; n++) {
    paced.push(await runs.measurePaced())
    say(`Paced pair ${n} of ${pacedCount}`)
  }
  const runsOf = (way: Way): readonly Run[] => rounds.map(round => round[way])
  const ratios = (way: Way, to: Way = 'plain'): readonly number[] =>
    rounds.map(round => roundTo(ratioOf(round[way], round[to]), 3))
  const ways = ['plain', 'plainByob', 'port', 'body', 'bodyByob'] as const
  return {
    ratio: medianOf(ratios('port')),
    ratios: ratios('port'),
    portToByobRatio: medianOf(ratios('port', 'plainByob')),
    bodyRatio: medianOf(ratios('body')),
    bodyByobRatio: medianOf(ratios('bodyByob')),
    bodyByobToByobRatio: medianOf(ratios('bodyByob', 'plainByob')),
    medianMBs: Object.fromEntries(ways.map(way => [way, medianSpeed(runsOf(way))])),
    receipts: await checkReceipts(stage, runs),
    cpuSecondsPerGiB: Object.fromEntries(ways.map(way => [way, cpuPerGiB(runsOf(way))])),
    ...(paced.length === 0 ? {} : { paced: describePaced(paced) }),
  }
}

/** Whatever serves the bytes is not the viewer's: the bare server, hosts, the publisher. */
const viewerSeconds = ({ cpu }: Run, others: ReadonlySet<string>): number =>
  Object.entries(cpu).reduce((sum, [kind, seconds]) => sum + (others.has(kind) ? 0 : seconds), 0)

const describePaced = (pairs: readonly { readonly plain: Run; readonly port: Run }[]) => {
  const servers = new Set(
    pairs
      .flatMap(({ plain, port }) => [plain, port].flatMap(run => Object.keys(run.cpu)))
      .filter(kind => /^(plain server|publisher|host \d+)$/.test(kind)),
  )
  const [plain, port] = (['plain', 'port'] as const).map(way =>
    pairs.reduce((sum, pair) => sum + viewerSeconds(pair[way], servers), 0),
  )
  return {
    viewerCpuRatio: roundTo((port ?? 0) / (plain ?? 1), 2),
    bytesPerSecond: 12_500_000,
    cpuSecondsPerGiB: {
      plain: cpuPerGiB(pairs.map(pair => pair.plain)),
      port: cpuPerGiB(pairs.map(pair => pair.port)),
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
    paced: { type: 'string', default: '3' },
  },
})
const mib = countFrom(values.mib, 'mib')
const hosts = countFrom(values.hosts, 'hosts')
const pairs = countFrom(values.pairs, 'pairs')
const paced = values.paced === '0' ? 0 : countFrom(values.paced, 'paced')

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
  const figures = await measure(stage, pairs, paced)
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
