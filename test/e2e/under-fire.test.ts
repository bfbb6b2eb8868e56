import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { ownerEarnedWei } from '#payments/purchase.ts'
import type { FormatName } from '#std/brand.ts'
import { expectTrueCounters, signedWei } from './counters.ts'
import type { Mood } from './gate.ts'
import { type Market, oneHundredPti, openMarket, password, type Viewer } from './market.ts'
import { openPublished } from './published.ts'

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

describe('playback goes on, and every account changes by what was signed', () => {
  let market: Market
  beforeAll(async () => {
    market = await openMarket()
  }, setUpMs)
  afterAll(() => market?.stop(), 60_000)

  /** A popup that stays, and the page with the player in front of it. */
  const open = async ({ browser }: Viewer) => {
    const popup = await PopupPage.open(browser)
    const page = await browser.context.newPage()
    await page.goto(market.site.url)
    return { page, popup, player: await PlayerFrame.in(page) }
  }

  const accountsOf = ({ wallet }: Viewer) => {
    const [first, second] = market.town.hosts
    if (!first || !second) throw new Error('two hosts')
    return {
      viewer: wallet.address,
      publisher: market.town.publisher.account,
      first: first.account,
      second: second.account,
    }
  }

  /** Watches from the start on; what the accounts had before. */
  const begin = async (viewer: Viewer) => {
    const before = await market.balances(accountsOf(viewer))
    const opened = await open(viewer)
    await opened.player.watch()
    await opened.player.untilPlaying()
    await opened.player.countFrames(2)
    return { ...opened, before }
  }

  /** Stops for good: all that the popup shows was signed, and just that left and reached the accounts, of one purchase. */
  const expectExact = async (viewer: Viewer, popup: PopupPage, before: Record<string, bigint>) => {
    const { town, reader } = market
    const { paidWei, verifiedBytes } = await popup.stopSpending()
    expect(paidWei).toBe(await signedWei(popup, town.chain))
    expect(await popup.page.getByTestId('activity-entry').count()).toBe(1)
    await market.untilAllPaidOut()
    expect(await reader.purchases({ buyer: viewer.wallet.address })).toHaveLength(1)
    const terms = await reader.terms(town.video, 'cmaf' as FormatName)
    const after = await market.balances(accountsOf(viewer))
    const change = (name: string) => (after[name] ?? 0n) - (before[name] ?? 0n)
    expect(change('viewer')).toBe(-paidWei)
    expect(change('publisher')).toBe(ownerEarnedWei(terms, verifiedBytes))
    expect(change('first') + change('second')).toBe(terms.fee * BigInt(verifiedBytes))
    return { change }
  }

  it('when a host sends wrong bytes for one block in ten: it is found out and earns no more', async () => {
    const [liar, honest] = await market.hostsInOrder()
    if (!liar || !honest) throw new Error('two hosts')
    const viewer = await market.openViewer(oneHundredPti)
    market.gateOf(liar).mood = 'lying'
    const { player, popup, before, page } = await begin(viewer)
    await player.watchBuffer()
    await player.countFrames(6)
    expect((await player.bufferReport()).waits).toBe(0)
    await player.seek(42)
    await player.countFrames(2)
    await expectTrueCounters(popup, player, market.town.chain)
    // The gate turns honest again: whoever lied once is asked for nothing more by this purchase.
    market.gateOf(liar).mood = 'honest'
    await page.bringToFront()
    const { change } = await expectExact(viewer, popup, before)
    const role = liar.account === market.town.hosts[0]?.account ? 'first' : 'second'
    expect(change(role)).toBeLessThan(change(role === 'first' ? 'second' : 'first'))
    await viewer.browser.close()
  })

  it('when the service worker is stopped, and when the node is', async () => {
    const viewer = await market.openViewer(oneHundredPti)
    const { player, popup, before } = await begin(viewer)
    await stopServiceWorker(popup.page)
    await player.seek(24)
    await player.countFrames(2)
    const between = await expectTrueCounters(popup, player, market.town.chain)
    await stopNode(popup)
    await player.seek(46)
    await player.countFrames(2)
    expect(await expectTrueCounters(popup, player, market.town.chain)).toBeGreaterThan(between)
    await expectExact(viewer, popup, before)
    await viewer.browser.close()
  })

  it('when the whole browser is closed and opened again: it asks to unlock, then goes on where it was', async () => {
    const profile = await mkdtemp(join(tmpdir(), 'paratii-profile-'))
    try {
      const viewer = await market.openViewer(oneHundredPti, profile)
      const { player, before } = await begin(viewer)
      await player.seek(31)
      const { currentTime: left } = await player.countFrames(3)
      const { paidWei } = await player.meter()
      expect(paidWei).toBeGreaterThan(0n)
      await viewer.browser.close()

      const again = { ...viewer, browser: await market.openBrowser(profile) }
      const { page, popup, player: second } = await open(again)
      await second.frame.getByRole('button', { name: 'Unlock to watch' }).waitFor()
      await popup.page.bringToFront()
      await popup.unlock(password)
      await page.bringToFront()
      await second.frame.getByRole('button', { name: 'Go on watching' }).waitFor()
      await second.watch()
      await second.untilPlaying()
      const { currentTime } = await second.countFrames(1)
      // Where it is is noted once a second.
      expect(Math.abs(currentTime - left)).toBeLessThan(4)
      expect(await expectTrueCounters(popup, second, market.town.chain)).toBeGreaterThanOrEqual(paidWei)
      await expectExact(again, popup, before)
      await again.browser.close()
    } finally {
      await rm(profile, { recursive: true, force: true })
    }
  })

  it('when one host after the other stalls, trickles, refuses or is cut off: without one wait', async () => {
    const viewer = await market.openViewer(oneHundredPti)
    const { player, popup, before } = await begin(viewer)
    await player.watchBuffer()
    const gates = market.town.hosts.map(host => market.gateOf(host))
    const moods: readonly Mood[] = ['stalling', 'refusing', 'trickling', 'dead']
    for (const [at, mood] of moods.entries()) {
      const gate = gates[at % gates.length]
      if (gate === undefined) throw new Error('no gate')
      const seen = gate.temptations
      gate.mood = mood
      await expect.poll(() => gate.temptations).toBeGreaterThan(seen)
      await player.countFrames(2)
      gate.mood = 'honest'
    }
    const { waits, leastAheadSeconds } = await player.bufferReport()
    expect(waits).toBe(0)
    expect(leastAheadSeconds).toBeGreaterThan(1)
    await expectTrueCounters(popup, player, market.town.chain)
    await expectExact(viewer, popup, before)
    await viewer.browser.close()
  })

  it('over libp2p while no HTTP of any host gives blocks', async () => {
    const gates = market.town.hosts.map(host => market.gateOf(host))
    for (const gate of gates) gate.mood = 'dead'
    const seen = gates.map(gate => gate.temptations)
    const viewer = await market.openViewer(oneHundredPti)
    const { player, popup, before } = await begin(viewer)
    await player.countFrames(2)
    // HTTP is asked first.
    const asked = gates.map((gate, at) => gate.temptations - (seen[at] ?? 0))
    expect(Math.max(...asked)).toBeGreaterThan(0)
    for (const gate of gates) gate.mood = 'honest'
    expect(await expectTrueCounters(popup, player, market.town.chain)).toBeGreaterThan(0n)
    await expectExact(viewer, popup, before)
    await viewer.browser.close()
  })

  it('in less quality when the line gets slow, in more when it is fast again; what comes is what was published', async () => {
    const viewer = await market.openViewer(oneHundredPti)
    // A line that carries the large picture twice, as lines do; what comes at once says nothing about a line.
    market.line.bytesPerSecond = 1_000_000
    const { player, popup, before } = await begin(viewer)
    await expect.poll(() => player.fetchedHeight()).toBe(720)
    await expect.poll(async () => (await player.pictureSize()).height).toBe(720)
    await expect.poll(() => player.aheadSeconds()).toBeGreaterThan(11)
    market.line.bytesPerSecond = 200_000
    await expect.poll(() => player.fetchedHeight()).toBe(360)
    // An estimate weighs a download by the time it took: it rises slowly on a line that is only just fast enough.
    market.line.bytesPerSecond = 4_000_000
    await expect.poll(() => player.fetchedHeight()).toBe(720)
    await expectTrueCounters(popup, player, market.town.chain)

    market.line.bytesPerSecond = Number.POSITIVE_INFINITY
    const published = await openPublished(market.town, market.reader)
    const [purchase] = await market.reader.purchases({ buyer: viewer.wallet.address })
    if (purchase === undefined) throw new Error('nothing bought')
    const { nonce } = purchase
    for (const path of ['manifest.mpd', 'v720/init.mp4', 'v720/3.m4s', 'v360/9.m4s', 'a128/2.m4s'])
      expect(await player.fetchFile(nonce, path)).toEqual({
        status: 200,
        contentRange: null,
        sha256: await published.sha256(path),
      })
    const path = 'v720/11.m4s'
    const size = (await published.bytesOf(path)).length
    const ranges: readonly [asked: string, start: number, end: number][] = [
      ['bytes=0-0', 0, 0],
      ['bytes=262143-262144', 262_143, 262_144],
      ['bytes=300001-700002', 300_001, 700_002],
      [`bytes=${size - 1}-`, size - 1, size - 1],
      ['bytes=-1000', size - 1000, size - 1],
      ['bytes=500000-999999999', 500_000, size - 1],
    ]
    for (const [asked, start, end] of ranges)
      expect(await player.fetchFile(nonce, path, asked)).toEqual({
        status: 206,
        contentRange: `bytes ${start}-${end}/${size}`,
        sha256: await published.sha256(path, start, end),
      })
    expect(await player.fetchFile(nonce, path, `bytes=${size}-`)).toMatchObject({ status: 416 })

    // The frame that is shown is the one of that moment: at 30 a second none is longer than this.
    for (const seconds of [17.37, 3.005, 55.5]) {
      const { currentTime, mediaTime } = await player.seekExactly(seconds)
      expect(currentTime).toBeCloseTo(seconds, 3)
      expect(seconds - mediaTime).toBeGreaterThan(-0.001)
      expect(seconds - mediaTime).toBeLessThan(1 / 30 + 0.001)
    }
    await expectExact(viewer, popup, before)
    await viewer.browser.close()
  })

  it('when the host that sends is killed, and started again before all is settled', async () => {
    const viewer = await market.openViewer(oneHundredPti)
    const [first] = await market.hostsInOrder()
    if (first === undefined) throw new Error('no host')
    const { player, popup, before } = await begin(viewer)
    await player.watchBuffer()
    first.process.process.kill('SIGKILL')
    await player.countFrames(3)
    expect((await player.bufferReport()).waits).toBe(0)
    await player.seek(35)
    const { frames } = await player.countFrames(4)
    expect(frames).toBeGreaterThan(40)
    await market.town.restart(first)
    await expectTrueCounters(popup, player, market.town.chain)
    await expectExact(viewer, popup, before)
    await viewer.browser.close()
  })
})
