/**
 * The market simulation in its whole size: 10,000 viewers, 200 advertisers, 200 publishers, a week. Writes its figures to
 * docs/market/figures.json and the plots beside them. `node scripts/market-simulation.ts [viewers]`: another number of
 * viewers, with as many fewer of the others, prints its figures and writes nothing.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { simulateMarket } from '../test/simulation/market.ts'
import { drawBars, drawLines } from '../test/simulation/plot.ts'

const whole = 10_000
const viewers = Number(process.argv[2] ?? whole)
const others = Math.max(4, Math.round((200 * viewers) / whole))
const started = performance.now()
const figures = simulateMarket({ seed: 1, viewers, advertisers: others, publishers: others, days: 7 })
const seconds = Math.round((performance.now() - started) / 1000)
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
process.stdout.write(`${viewers} viewers: ${seconds} s, fill rate ${figures.fillRate}\n`)

if (viewers === whole) {
  const folder = new URL('../docs/market/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => writeFileSync(new URL(name, folder), text)
  write('figures.json', `${JSON.stringify(figures, null, 2)}\n`)
  write(
    'fill-rate.svg',
    drawLines('Asks that were filled, by hour', 'hours', [{ name: 'fill rate', values: figures.fillByHour }]),
  )
  write(
    'budgets.svg',
    drawLines(
      'Part of all deposits spent, by day and bidding policy',
      'days',
      figures.bidding.map(({ policy, spentPartByDay }) => ({
        name: policy,
        values: spentPartByDay.map((_, day) =>
          spentPartByDay.slice(0, day + 1).reduce((sum, part) => sum + part, 0),
        ),
      })),
    ),
  )
  write(
    'bidding.svg',
    drawBars(
      'Worth to its advertiser of a PTI spent, by bidding policy',
      figures.bidding.map(({ policy, gainForOne }) => ({ name: policy, value: gainForOne })),
    ),
  )
  write(
    'pricing.svg',
    drawBars(
      'PTI that a publisher earned for a bid, by pricing policy',
      figures.pricing.map(({ policy, earnedForBid }) => ({ name: policy, value: Number(earnedForBid) })),
    ),
  )
}
