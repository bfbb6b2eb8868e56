/**
 * How quickly the popup is there: from opening it to its first use, with the worker running and with it stopped, and how
 * long a right password takes to unlock the wallet (which is what one guess costs, too).
 *
 *   npm run bench:popup      prints JSON, and keeps it in bench/results/popup.json
 */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BrowserContext, Page } from 'playwright'
import { launchBrowser } from '#devnet/browser.ts'
import { startDevnetChain } from '#devnet/chain.ts'
import { setUpWallet } from '#devnet/pages/onboarding.ts'
import { findTools } from '../scripts/find-tools.mjs'
import { describeMachine, medianOf, roundTo } from './machine.ts'

const rounds = 9
const password = 'correct horse battery'

const tools = findTools()
if ('advice' in tools) throw new Error(tools.advice)
const chain = await startDevnetChain()
const browser = await launchBrowser({
  extension: join(resolve(import.meta.dirname, '..'), 'build/chrome-mv3-prod'),
  executable: tools.paths.chromium,
  headless: true,
})
try {
  const { page } = await setUpWallet(browser, { password, network: chain })
  const warm = await measureOpenings(() => Promise.resolve())
  const cold = await measureOpenings(() => stopWorker(browser.context, page))
  const unlock = await measureUnlocks()
  const result = {
    bench: 'popup',
    machine: describeMachine(browser.context.browser()?.version() ?? ''),
    rounds,
    // Medians, in milliseconds, and the worst of all rounds.
    openToInteractive: { warm: summary(warm), cold: summary(cold) },
    unlock: summary(unlock),
  }
  await writeFile(join(import.meta.dirname, 'results/popup.json'), `${JSON.stringify(result, null, 2)}\n`)
  console.log(JSON.stringify(result))
} finally {
  await browser.close()
  await chain.stop()
}

/** From the navigation to the first moment at which the buttons of the unlocked wallet are there. */
async function measureOpenings(before: () => Promise<void>): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    await before()
    const popup = await browser.context.newPage()
    await popup.setViewportSize({ width: 360, height: 600 })
    await popup.goto(browser.pageUrl('popup.html'), { waitUntil: 'commit' })
    times.push(await popup.evaluate(untilThere, '.tabs .tab'))
    await popup.close()
  }
  return times
}

async function measureUnlocks(): Promise<number[]> {
  const popup = await browser.context.newPage()
  await popup.goto(browser.pageUrl('popup.html'))
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    await popup.getByRole('button', { name: 'Lock', exact: true }).click()
    await popup.getByLabel('Password', { exact: true }).fill(password)
    times.push(
      await popup.evaluate(async secret => {
        const startedAtMs = performance.now()
        await chrome.runtime.sendMessage({ request: 'wallet-unlock', params: { password: secret } })
        return performance.now() - startedAtMs
      }, password),
    )
    await popup.locator('.tabs').waitFor()
  }
  await popup.close()
  return times
}

/** In the page: milliseconds from its navigation until an element is there. */
function untilThere(selector: string): Promise<number> {
  return new Promise(found => {
    const look = (): void => {
      if (document.querySelector(selector) === null) requestAnimationFrame(look)
      else found(performance.now())
    }
    look()
  })
}

async function stopWorker(context: BrowserContext, page: Page): Promise<void> {
  const devtools = await context.newCDPSession(page)
  await devtools.send('ServiceWorker.enable')
  await devtools.send('ServiceWorker.stopAllWorkers')
  await devtools.detach()
}

function summary(times: readonly number[]): { medianMs: number; worstMs: number } {
  return { medianMs: roundTo(medianOf(times), 1), worstMs: roundTo(Math.max(...times), 1) }
}
