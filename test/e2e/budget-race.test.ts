import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeDemoClip } from '#devnet/clip.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { collateralWei, ownerEarnedWei } from '#payments/purchase.ts'
import type { VideoId } from '#std/brand.ts'
import { cacheFolder, type Market, oneHundredPti, openMarket } from './market.ts'

const rounds = 10
const tabs = 8
const films = 4

let market: Market
const videos: VideoId[] = []
beforeAll(async () => {
  market = await openMarket()
  const clip = await makeDemoClip({ cacheFolder, seconds: 4 })
  for (let n = 0; n < films; n++) videos.push(await market.town.publish(clip, `A short film ${n}`))
}, 300_000)
afterAll(() => market?.stop(), 60_000)

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

/** Asks the background as the popup does. */
const ask = (popup: Page, request: string, params: object): Promise<{ ok: boolean; value?: unknown }> =>
  popup.evaluate(message => chrome.runtime.sendMessage(message), { request, params })

/** What the wallet's own book has counted so far. */
const countedWei = async (popup: Page): Promise<bigint> => {
  const { ledger } = await popup.evaluate(() => chrome.storage.local.get('ledger'))
  const { reservations } = (ledger ?? { reservations: [] }) as { reservations: { wei: string }[] }
  return reservations.reduce((sum, { wei }) => sum + BigInt(wei), 0n)
}

/** Presses what can be pressed until the film plays, or says why it does not. */
async function buyIn(page: Page): Promise<string> {
  const watch = page.locator('[data-testid=watch][data-armed=true]')
  const failure = page.getByTestId('failure')
  const video = page.locator('video')
  for (;;) {
    await watch.or(failure).or(video).first().waitFor()
    if ((await video.count()) > 0) return 'plays'
    if ((await failure.count()) > 0) return String(await failure.getAttribute('data-code'))
    // A worker that was stopped meanwhile shows its price anew, and the press is for nobody.
    await watch.press('Enter', { timeout: 2_000 }).catch(() => undefined)
    await watch.waitFor({ state: 'detached', timeout: 5_000 }).catch(() => undefined)
  }
}

it(`a budget is never passed by a unit: ${tabs} tabs race for the last of it, the worker is stopped under them, ${rounds} rounds`, async () => {
  const { browser, wallet } = await market.openViewer(oneHundredPti)
  const popup = await PopupPage.open(browser)
  const devtools = await browser.context.newCDPSession(popup.page)
  await devtools.send('ServiceWorker.enable')
  /** What the chain has of promises: the whole of one that may still cost it, what it paid of one that is over. */
  const promisedWei = async (): Promise<bigint> => {
    const { reader } = market
    const bought = await reader.purchases({ buyer: wallet.address })
    const { timestampSeconds } = await reader.head()
    const each = bought.map(async ({ nonce, id, terms, capacity }) => {
      const [sold, state] = await Promise.all([reader.termsByHash(id, terms), reader.purchase(nonce)])
      const isOver = state !== undefined && (state.reclaimed || timestampSeconds >= state.escrowEnd)
      return isOver
        ? sold.fee * BigInt(state.bytes) + ownerEarnedWei(sold, state.bytes)
        : sold.price + collateralWei({ terms: sold, capacity })
    })
    return (await Promise.all(each)).reduce((sum, wei) => sum + wei, 0n)
  }
  let plays = 0
  let refusals = 0
  for (let round = 1; round <= rounds; round++) {
    const dice = createDice(round)
    const before = await countedWei(popup.page)
    const [first] = videos
    const quote = first && (await market.reader.video(first)).terms[0]
    if (quote === undefined) throw new Error('the films are sold')
    // Room for one film, or two, and a unit less than for one more.
    const room = (quote.price * BigInt(2 + dice(2)) * 11n) / 10n
    const perDayWei = String(before + room)
    const budget = { perVideoWei: String(room), perDayWei, perMonthWei: perDayWei }
    expect(await ask(popup.page, 'budget-set', budget)).toMatchObject({ ok: true })
    const pages = await Promise.all(
      Array.from({ length: tabs }, async (_, tab) => {
        const page = await browser.context.newPage()
        await page.goto(browser.pageUrl(`tabs/player.html?video=${videos[(tab + round) % films]}`))
        return page
      }),
    )
    const stops = Array.from({ length: 1 + dice(3) }, () => dice(1_500))
    const stopping = Promise.all(
      stops.map(async delayMs => {
        await new Promise(resolve => setTimeout(resolve, delayMs))
        await devtools.send('ServiceWorker.stopAllWorkers')
      }),
    )
    const ends = await Promise.all(pages.map(buyIn))
    await stopping
    const spent = await promisedWei()
    expect(spent, `round ${round}: ${ends.join(' ')}`).toBeLessThanOrEqual(before + room)
    expect(ends.every(end => end === 'plays' || end === 'budget-exhausted')).toBe(true)
    plays += ends.filter(end => end === 'plays').length
    refusals += ends.filter(end => end === 'budget-exhausted').length
    await Promise.all(pages.map(page => page.close()))
    // What is open would be gone on with: the next round buys anew.
    for (const { nonce } of await market.reader.purchases({ buyer: wallet.address }))
      await ask(popup.page, 'purchase-stop', { purchase: nonce })
  }
  // The rounds are about something: films were bought, and others were not.
  expect(plays).toBeGreaterThanOrEqual(rounds)
  expect(refusals).toBeGreaterThanOrEqual(rounds)
}, 600_000)
