/**
 * From the click to the first frame: a film that is bought with this click, and one that was bought before, against the
 * same player over plain HTTP in the same browser (docs/bench.md). Says on stderr what it does, and prints one JSON object
 * as the last line on stdout.
 *
 *   npm run bench:start -- [--pairs 5] [--hosts 2]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { PurchaseNonce } from '#std/brand.ts'
import { describeMachine, medianOf, roundTo } from './machine.ts'
import { armPlainButton, pressUntilFrame } from './start-pages.ts'
import { openStartStage, type StartStage } from './start-stage.ts'
import { forgetVideos, openPlayer, stopPurchase } from './viewer.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** How long a page stands before the button is pressed: somebody reads the price, the node gets warm. */
const readMs = 2_000
const addedRoundTripMs = 50
/** The bars: milliseconds over plain HTTP, and round trips where each takes so much longer. */
const bars = { cold: { ms: 400, roundTrips: 6 }, bought: { ms: 60, roundTrips: 2 } } as const

type Round = { readonly plain: number; readonly cold: number; readonly bought: number }

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

const measurePlain = async ({ chromium, plainUrl }: StartStage): Promise<number> => {
  const page = await chromium.devtools.openPage(plainUrl)
  await page.waitFor(() => 'shaka' in globalThis && document.querySelector('button') !== null)
  await page.evaluate(armPlainButton)
  await pause(readMs)
  const ms = await page.evaluate(pressUntilFrame)
  await page.close()
  return ms
}

/** Both ways to a film: the purchase made by this click, and the same film found bought, with none of it kept. */
const measurePaid = async ({ chromium, town }: StartStage): Promise<Omit<Round, 'plain'>> => {
  const times: number[] = []
  for (const _ of ['cold', 'bought']) {
    const before = await openPlayer(chromium, town.video)
    await forgetVideos(before)
    await before.close()
    const page = await openPlayer(chromium, town.video)
    await pause(readMs)
    times.push(await page.evaluate(pressUntilFrame))
    await page.close()
  }
  const last = await openPlayer(chromium, town.video)
  const purchase = await last.waitFor(async () => {
    const { purchases } = await chrome.storage.local.get<{
      purchases: { purchase: PurchaseNonce; state: string }[]
    }>('purchases')
    return purchases.find(({ state }) => state === 'open')?.purchase
  })
  await stopPurchase(last, purchase)
  await last.close()
  const [cold = 0, bought = 0] = times
  return { cold, bought }
}

const measure = async (stage: StartStage, pairs: number, roundTripMs: number) => {
  stage.line.roundTripMs = roundTripMs
  const rounds: Round[] = []
  for (let n = 0; n <= pairs; n++) {
    const plain = await measurePlain(stage)
    const round = { plain, ...(await measurePaid(stage)) }
    // The first one warms the machine up.
    if (n > 0) rounds.push(round)
    const texts = Object.entries(round).map(([way, ms]) => `${way} ${ms.toFixed(0)}`)
    say(`+${roundTripMs} ms, ${n === 0 ? 'to warm up' : `round ${n} of ${pairs}`}: ${texts.join(', ')} ms`)
  }
  const msOf = (way: keyof Round) => roundTo(medianOf(rounds.map(round => round[way])), 1)
  const extraOf = (way: 'cold' | 'bought') =>
    roundTo(medianOf(rounds.map(round => round[way] - round.plain)), 1)
  return {
    medianMs: { plain: msOf('plain'), cold: msOf('cold'), bought: msOf('bought') },
    extraMs: { cold: extraOf('cold'), bought: extraOf('bought') },
    rounds: rounds.map(({ plain, cold, bought }) => [plain, cold, bought].map(ms => roundTo(ms, 1))),
  }
}

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, hosts: { type: 'string', default: '2' } },
})
const [pairs, hosts] = [Number(values.pairs), Number(values.hosts)]
if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs is a count')
if (!Number.isInteger(hosts) || hosts < 1) throw new Error('--hosts is a count')

const resultFile = join(import.meta.dirname, 'results/start.json')
const loadBefore = roundTo(loadavg()[0] ?? 0, 2)
const folder = await mkdtemp(join(tmpdir(), 'paratii-bench-start-'))
const opening = openStartStage({ folder, hosts, onStep: say })
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
  const near = await measure(stage, pairs, 0)
  const far = await measure(stage, pairs, addedRoundTripMs)
  const roundTripsOf = (way: 'cold' | 'bought') => roundTo(far.extraMs[way] / addedRoundTripMs, 2)
  const roundTrips = { cold: roundTripsOf('cold'), bought: roundTripsOf('bought') }
  const ways = ['cold', 'bought'] as const
  const parts = ways.flatMap(way => [
    near.extraMs[way] / bars[way].ms,
    roundTrips[way] / bars[way].roundTrips,
  ])
  const result = {
    name: 'start',
    ratio: roundTo(Math.max(...parts), 2),
    extraMs: near.extraMs,
    roundTrips,
    bars,
    near,
    far: { addedRoundTripMs, ...far },
    pairs,
    hosts,
    loadBefore,
    machine: describeMachine(await stage.chromium.devtools.version()),
    at: new Date().toISOString(),
  }
  await mkdir(dirname(resultFile), { recursive: true })
  await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`)
  console.log(JSON.stringify(result))
} finally {
  await close()
}
