import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Order, totalWei } from '#protocol/order.ts'
import type { VideoId } from '#std/brand.ts'
import { createDesk, hashOf, total } from './buying.stage.ts'
import type { StorageArea } from './store.ts'

const rounds = Number(process.env.PARATII_RACE_ROUNDS ?? 200)
const tabs = 8
const site = 'https://a.example'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-race-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Numbers below `bound`, the same for the same seed (mulberry32). */
function createDice(seed: number): (bound: number) => number {
  let state = seed
  return bound => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

const never = new Promise<never>(() => undefined)

/** Storage in a file, as one worker sees it: after the worker was stopped nothing it asked for is answered. */
function openArea(file: string, dice: (bound: number) => number) {
  let isStopped = false
  let stopAfter = Number.POSITIVE_INFINITY
  let stopped = (): void => undefined
  let turn: Promise<unknown> = Promise.resolve()
  const readAll = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
  const write = async (change: (all: Record<string, unknown>) => Record<string, unknown>): Promise<void> => {
    const text = JSON.stringify(change(await readAll()))
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  /** The worker may be stopped before what it asks for is done, or after it is done and before it hears so. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(async () => {
      if (isStopped) return never
      const stopsNow = --stopAfter <= 0
      if (stopsNow && dice(2) === 0) return stop()
      const result = await work()
      return stopsNow ? stop() : result
    })
    turn = Promise.race([done.catch(() => undefined), whenStopped])
    return done
  }
  const stop = (): Promise<never> => {
    isStopped = true
    stopped()
    return never
  }
  const whenStopped = new Promise<void>(resolve => {
    stopped = resolve
  })
  const area: StorageArea = {
    get: key =>
      inTurn(async () => {
        const all = await readAll()
        return key in all ? { [key]: all[key] } : {}
      }),
    set: items => inTurn(() => write(all => ({ ...all, ...items }))),
    remove: key => inTurn(() => write(({ [key]: _, ...rest }) => rest)),
  }
  const stopAt = (operations: number): void => {
    stopAfter = operations
  }
  return { area, whenStopped, stopAt }
}

/** One round: tabs race for what is left, workers are stopped under them; what was sent, and the budget of the site. */
async function race(seed: number) {
  const dice = createDice(seed)
  const file = join(folder, `${seed}.json`)
  const perDayWei = total * BigInt(1 + dice(4)) + BigInt(dice(Number(total)))
  const sent = new Map<string, bigint>()
  let waiting = Array.from({ length: tabs }, (_, tab) => tab)
  for (let life = 0; waiting.length > 0; life++) {
    const { area, whenStopped, stopAt } = openArea(file, dice)
    const desk = await createDesk(area, `${seed}/${life}`)
    desk.state.balanceWei = 1_000_000n
    desk.state.budget = { perVideoWei: 2n * total, perDayWei, perMonthWei: perDayWei * 2n }
    await desk.sites.set(site, () => ({ perDayWei: perDayWei - 1n }))
    // A publisher that refuses an order has it all the same, and may submit it while it is valid.
    const fate = dice(4)
    desk.state.fails = fate === 0 ? 'publisher-unreachable' : fate === 1 ? 'order-mismatch' : undefined
    desk.onOrder((order: Order) => void sent.set(order.salt, totalWei(order)))
    // Some lives are long enough for all that is left.
    if (life < 12) stopAt(3 + dice(60))
    const finished = new Set<number>()
    await Promise.race([
      whenStopped,
      Promise.all(
        waiting.map(async tab => {
          const video = hashOf(`${tab % 5}0`) as string as VideoId
          const place = dice(2) === 0 ? { origin: site, isDirect: true } : undefined
          await desk.buy(total, video, place).catch(() => undefined)
          finished.add(tab)
        }),
      ),
    ])
    waiting = waiting.filter(tab => !finished.has(tab))
    const sum = [...sent.values()].reduce((all, wei) => all + wei, 0n)
    expect(sum, `round ${seed}, worker ${life}`).toBeLessThanOrEqual(perDayWei)
  }
  const end = await createDesk(openArea(file, dice).area, `${seed}/end`)
  const promisedWei = await end.promisedWei()
  const sentWei = [...sent.values()].reduce((all, wei) => all + wei, 0n)
  expect(sentWei).toBeLessThanOrEqual(promisedWei)
  expect(promisedWei).toBeLessThanOrEqual(perDayWei)
  return sentWei
}

it(`never passes a budget by a unit: ${tabs} tabs race for the last of it, workers stopped at random, ${rounds} rounds`, async () => {
  let bought = 0
  for (let seed = 1; seed <= rounds; seed++) bought += Number((await race(seed)) / total)
  // The rounds are about something: most of them bought what they could.
  expect(bought).toBeGreaterThan(rounds)
}, 120_000)
