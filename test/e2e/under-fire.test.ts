import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { defaultHostConfig } from '#roles/host/ports.ts'
import { type Market, oneHundredPti, openMarket, password, type Viewer } from './market.ts'

const setUpMs = 240_000

/** Ends the extension's service worker as the browser does when it is idle, or short of memory. */
async function stopServiceWorker(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('ServiceWorker.enable')
  await devtools.send('ServiceWorker.stopAllWorkers')
  await devtools.detach()
}

/** Ends the page that holds the node, with its Worker, in the middle of whatever it does. */
const stopNode = (popup: PopupPage): Promise<void> =>
  popup.page.evaluate(() => chrome.offscreen.closeDocument())

/**
 * All that was signed is paid, but for a last receipt of a host that is worth less than the gas of settling it: how
 * much of the film comes before a host's settling and how much after is a matter of moments.
 */
const expectSettled = (shownWei: bigint, paidWei: bigint): void => {
  const { batchCostWei, receiptCostWei } = defaultHostConfig.settle
  expect(paidWei).toBeLessThanOrEqual(shownWei)
  expect(shownWei - paidWei).toBeLessThanOrEqual(2n * (batchCostWei + receiptCostWei))
}

describe('playback goes on, and nothing is paid twice', () => {
  let market: Market
  beforeAll(async () => {
    market = await openMarket()
  }, setUpMs)
  afterAll(() => market?.stop(), 60_000)

  const open = async ({ browser }: Viewer) => {
    const page = await browser.context.newPage()
    await page.goto(market.site.url)
    return { page, player: await PlayerFrame.in(page) }
  }

  /** Stops for good, with one purchase the only one; what the popup says was paid, and what left the wallet. */
  const settle = async ({ browser, wallet }: Viewer) => {
    const popup = await PopupPage.open(browser)
    const { paidWei: shownWei } = await popup.stopSpending()
    expect(await popup.page.getByTestId('activity-entry').count()).toBe(1)
    await market.untilAllPaidOut()
    expect(await market.reader.purchases({ buyer: wallet.address })).toHaveLength(1)
    return { shownWei, paidWei: oneHundredPti - (await market.reader.balanceWei(wallet.address)) }
  }

  it('when the service worker is stopped, and when the node is', async () => {
    const viewer = await market.openViewer(oneHundredPti)
    const popup = await PopupPage.open(viewer.browser)
    const { page, player } = await open(viewer)
    await player.watch()
    await player.untilPlaying()
    await player.countFrames(2)
    await stopServiceWorker(popup.page)
    await player.seek(24)
    await player.countFrames(2)
    const between = await player.meter()
    await stopNode(popup)
    await player.seek(44)
    await player.countFrames(2)
    expect((await player.meter()).paidWei).toBeGreaterThan(between.paidWei)
    await page.bringToFront()
    const { shownWei, paidWei } = await settle(viewer)
    expectSettled(shownWei, paidWei)
    await viewer.browser.close()
  })

  it('when the whole browser is closed and opened again: it asks to unlock, then goes on where it may', async () => {
    const profile = await mkdtemp(join(tmpdir(), 'paratii-profile-'))
    try {
      const viewer = await market.openViewer(oneHundredPti, profile)
      const { player } = await open(viewer)
      await player.watch()
      await player.untilPlaying()
      await player.countFrames(3)
      const { paidWei } = await player.meter()
      expect(paidWei).toBeGreaterThan(0n)
      await viewer.browser.close()

      const again = { ...viewer, browser: await market.openBrowser(profile) }
      const { page, player: second } = await open(again)
      await second.frame.getByRole('button', { name: 'Unlock to watch' }).waitFor()
      const popup = await PopupPage.open(again.browser)
      await popup.unlock(password)
      await page.bringToFront()
      await second.frame.getByRole('button', { name: 'Go on watching' }).waitFor()
      await second.watch()
      await second.untilPlaying()
      await second.seek(40)
      await second.countFrames(3)
      expect((await second.meter()).paidWei).toBeGreaterThanOrEqual(paidWei)
      const settled = await settle(again)
      expectSettled(settled.shownWei, settled.paidWei)
      await again.browser.close()
    } finally {
      await rm(profile, { recursive: true, force: true })
    }
  })

  it('when the host that sends is killed', async () => {
    const viewer = await market.openViewer(oneHundredPti)
    const [first] = await market.hostsInOrder()
    const { player } = await open(viewer)
    await player.watch()
    await player.untilPlaying()
    await player.countFrames(2)
    first?.process.process.kill('SIGKILL')
    await player.seek(35)
    const { frames } = await player.countFrames(4)
    expect(frames).toBeGreaterThan(40)
    // What the dead host was promised it never claimed: the wallet never pays more than the popup said.
    const { shownWei, paidWei } = await settle(viewer)
    expect(paidWei).toBeGreaterThan(0n)
    expect(paidWei).toBeLessThanOrEqual(shownWei)
    await viewer.browser.close()
  })
})
