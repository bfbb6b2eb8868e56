import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { ownerEarnedWei } from '#payments/purchase.ts'
import type { FormatName } from '#std/brand.ts'
import { type Market, oneHundredPti, openMarket, password, spoilBlocks } from './market.ts'

const setUpMs = 240_000

describe('a viewer with the built extension, on a page of another origin', () => {
  let market: Market
  beforeAll(async () => {
    market = await openMarket()
  }, setUpMs)
  afterAll(() => market?.stop(), 60_000)

  it('agrees to the price, watches, seeks, stops; every account changes by what was signed, to the last unit', async () => {
    const { town, site, reader } = market
    const { browser, wallet } = await market.openViewer(oneHundredPti)
    const [first, second] = town.hosts
    if (!first || !second) throw new Error('two hosts')
    const accounts = {
      viewer: wallet.address,
      publisher: town.publisher.account,
      first: first.account,
      second: second.account,
    }
    const before = await market.balances(accounts)
    const page = await browser.context.newPage()
    await page.goto(site.url)
    const player = await PlayerFrame.in(page)

    const terms = await reader.terms(town.video, 'cmaf' as FormatName)
    await player.watchButton.waitFor()
    expect(await player.watchButton.textContent()).toBe('Watch for 0.4 PTI')
    expect(await player.frame.getByTestId('price-note').textContent()).toContain('to hosts')
    expect(await player.frame.getByTitle(town.publisher.account).count()).toBe(1)
    expect(await market.balances(accounts)).toEqual(before)

    await player.watch()
    await player.untilPlaying()
    const start = await player.meter()
    const { frames, currentTime } = await player.countFrames(10)
    expect(frames).toBeGreaterThan(100)
    expect(currentTime).toBeGreaterThanOrEqual(10)
    const later = await player.meter()
    expect(later.verifiedBytes).toBeGreaterThan(start.verifiedBytes)
    expect(later.paidWei).toBeGreaterThan(start.paidWei)

    await player.seek(42)
    const { currentTime: afterSeek } = await player.countFrames(2)
    expect(afterSeek).toBeGreaterThanOrEqual(44)
    expect((await player.meter()).verifiedBytes).toBeGreaterThan(later.verifiedBytes)

    const popup = await PopupPage.open(browser)
    expect(await popup.spendingPaidWei()).toBeGreaterThan(0n)
    const { paidWei, verifiedBytes } = await popup.stopSpending()
    await market.untilAllPaidOut()

    const after = await market.balances(accounts)
    const change = (name: keyof typeof accounts) => (after[name] ?? 0n) - (before[name] ?? 0n)
    expect(change('viewer')).toBe(-paidWei)
    expect(change('publisher')).toBe(ownerEarnedWei(terms, verifiedBytes))
    expect(change('first') + change('second')).toBe(terms.fee * BigInt(verifiedBytes))
    expect(change('viewer') + change('publisher') + change('first') + change('second')).toBe(0n)
    await browser.close()
  })

  it('refuses a host that sends a wrong block, pays it nothing, and plays on from the other', async () => {
    const { town, site } = market
    const [liar, honest] = await market.hostsInOrder()
    if (!liar || !honest) throw new Error('two hosts')
    expect(await spoilBlocks(liar)).toBeGreaterThan(50)
    const { browser, wallet } = await market.openViewer(oneHundredPti)
    const accounts = {
      viewer: wallet.address,
      publisher: town.publisher.account,
      liar: liar.account,
      honest: honest.account,
    }
    const before = await market.balances(accounts)
    const page = await browser.context.newPage()
    await page.goto(site.url)
    await page.evaluate(() => {
      const seen: unknown[] = []
      Object.assign(window, { hostErrors: seen })
      document.addEventListener('paratii-hosterror', event => seen.push((event as CustomEvent).detail))
    })
    const player = await PlayerFrame.in(page)
    await player.watch()
    await player.untilPlaying()
    const { frames } = await player.countFrames(4)
    expect(frames).toBeGreaterThan(40)
    expect(
      await page.evaluate(() => (window as unknown as { hostErrors: unknown[] }).hostErrors),
    ).not.toEqual([])

    const popup = await PopupPage.open(browser)
    const { paidWei } = await popup.stopSpending()
    await market.untilAllPaidOut()
    const after = await market.balances(accounts)
    const change = (name: keyof typeof accounts) => (after[name] ?? 0n) - (before[name] ?? 0n)
    expect(change('viewer')).toBe(-paidWei)
    // The free head, which it had ready before, was right: it may have been paid for that, and for nothing after it.
    expect([0n, await market.headWei(liar)]).toContain(change('liar'))
    expect(change('honest')).toBeGreaterThan(0n)
    expect(change('honest') + change('liar') + change('publisher')).toBe(paidWei)
    await browser.close()
  })

  it('is asked to unlock before a purchase, and plays on while the wallet is locked again', async () => {
    const { browser } = await market.openViewer(oneHundredPti)
    const popup = await PopupPage.open(browser)
    await popup.lock()
    const page = await browser.context.newPage()
    await page.goto(market.site.url)
    const player = await PlayerFrame.in(page)
    await player.frame.getByRole('button', { name: 'Unlock to watch' }).waitFor()
    await popup.page.bringToFront()
    await popup.unlock(password)
    await page.bringToFront()
    await player.watch()
    await player.untilPlaying()
    await popup.page.bringToFront()
    await popup.lock()
    await page.bringToFront()
    const locked = await player.meter()
    await player.seek(30)
    await player.countFrames(2)
    expect((await player.meter()).paidWei).toBeGreaterThan(locked.paidWei)
    await browser.close()
  })

  it('keeps as much of what it watched as the person says, and none once they clear it', async () => {
    const { browser } = await market.openViewer(oneHundredPti)
    const page = await browser.context.newPage()
    await page.goto(market.site.url)
    const player = await PlayerFrame.in(page)
    await player.watch()
    await player.untilPlaying()
    await player.countFrames(2)
    const popup = await PopupPage.open(browser)
    await popup.stopSpending()
    const keptBytes = () =>
      popup.page.evaluate(async () => {
        const folder = await navigator.storage.getDirectory()
        return (await (await folder.getFileHandle('leaves.pack')).getFile()).size
      })
    expect(await keptBytes()).toBeGreaterThan(262_144)
    await popup.goTo('Settings')
    const choice = popup.page.getByLabel('Keep what I watched, up to')
    await choice.selectOption('256 MiB')
    await expect.poll(() => choice.inputValue()).toBe('256')
    await popup.page.getByRole('button', { name: 'Clear what is kept' }).click()
    await popup.page.getByText('Cleared', { exact: true }).waitFor()
    expect(await keptBytes()).toBe(4096)
    await browser.close()
  })
})
