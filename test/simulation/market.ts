import { createDraws, type Draws } from './draws.ts'
import { Earning } from './earning.ts'
import { createFigures, type Figures, type MarketFigures, readFigures } from './figures.ts'
import { Ledger } from './ledger.ts'
import { createAdvertiser, createPublisher, createViewer } from './people.ts'
import { Queue } from './queue.ts'
import { Spending } from './spending.ts'

export type MarketSize = {
  readonly seed: number
  readonly viewers: number
  readonly advertisers: number
  readonly publishers: number
  readonly days: number
}

const startMs = 1_800_000_000_000
const dayMs = 86_400_000
const hourMs = 3_600_000

/** Moments of a day, the evening fuller than the night. */
const momentOf = (draws: Draws, days: number): number => {
  for (;;) {
    const at = draws.part() * days * dayMs
    const hour = (at % dayMs) / hourMs
    if (draws.part() < 0.55 + 0.45 * Math.cos(((hour - 20) / 24) * 2 * Math.PI)) return startMs + at
  }
}

/**
 * A market of so many people for so many days, over the protocol's own code: every bid, acceptance, proof and answer is
 * signed, written, read and checked; only the wire, the chain and the clock are of memory. The same seed gives the same
 * figures. Throws when an invariant does not hold.
 */
export const simulateMarket = (size: MarketSize): MarketFigures => {
  const draws = createDraws(size.seed)
  const ledger = new Ledger()
  const queue = new Queue(startMs)
  const figures: Figures = createFigures(size.days)
  const startSeconds = startMs / 1000
  const advertisers = Array.from({ length: size.advertisers }, (_, n) =>
    createAdvertiser(n, draws, ledger, startSeconds, size.days, size.viewers / size.advertisers),
  )
  const publishers = Array.from({ length: size.publishers }, (_, n) => createPublisher(n, draws))
  const viewers = Array.from({ length: size.viewers }, (_, n) => createViewer(n, draws))
  // Half of the viewers begin with nothing: what they spend they have earned.
  for (const [n, { wallet }] of viewers.entries()) if (n % 2 === 0) ledger.mint(wallet.address, 10n ** 17n)
  const supplyWei = ledger.totalWei()
  const earning = new Earning({ draws, ledger, queue, figures, advertisers, startMs })
  const spending = new Spending({ draws, ledger, queue, figures, publishers })
  for (const viewer of viewers) {
    for (let n = draws.below(2 * earningsAWeek + 1); n > 0; n--)
      queue.plan(momentOf(draws, size.days), () => earning.ask(viewer))
    for (let n = draws.below(2 * filmsAWeek + 1); n > 0; n--)
      queue.plan(momentOf(draws, size.days), () => spending.bid(viewer))
  }
  for (let hour = 1; hour <= 24 * size.days; hour++) {
    queue.run(startMs + hour * hourMs)
    if (hour % 6 === 0) earning.settle()
    if (ledger.totalWei() !== supplyWei) throw new Error(`tokens were made or lost in hour ${hour}`)
  }
  // What still plays ends; then every campaign pays, and its rest returns.
  queue.run(startMs + (size.days + 1) * dayMs)
  earning.settle()
  earning.end()
  spending.check()
  if (ledger.totalWei() !== supplyWei) throw new Error('tokens were made or lost')
  return readFigures(size, figures, { advertisers, publishers, supplyWei })
}

const earningsAWeek = 4
const filmsAWeek = 2
