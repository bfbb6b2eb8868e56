import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onboardingPath } from '#devnet/pages/onboarding.ts'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { ownerEarnedWei } from '#payments/purchase.ts'
import type { Address, FormatName } from '#std/brand.ts'
import { runProgram } from '#transcode/program.ts'
import { findMediaTools } from '#transcode/tools.ts'
import { findFootage } from '../../scripts/find-footage.ts'
import { hashFiles, takeSnapshot } from '../integration/snapshot.ts'
import { readExtensionStore } from './extension-store.ts'
import { cacheFolder, type Market, oneHundredPti, openMarket, type Viewer } from './market.ts'
import { Newcomer } from './newcomer.ts'

const setUpMs = 240_000

let market: Market
beforeAll(async () => {
  market = await openMarket({ film: findFootage(cacheFolder) })
}, setUpMs)
afterAll(() => market?.stop(), 60_000)

describe('a film that nobody made for this: VP8, 4:3, without sound', () => {
  it('plays, seeks, and is paid for to the last unit', async () => {
    const { town, reader } = market
    const [first, second] = town.hosts.map(({ account }) => account)
    if (!first || !second) throw new Error('two hosts')
    const accounts = { publisher: town.publisher.account, first, second }
    const before = await market.balances(accounts)
    const { browser, wallet } = await market.openViewer(oneHundredPti)
    const page = await browser.context.newPage()
    await page.goto(market.site.url)
    const player = await PlayerFrame.in(page)
    await player.watch()
    await player.untilPlaying()
    const { width, height } = await player.pictureSize()
    expect(width / height).toBeCloseTo(4 / 3, 2)
    // A screencast stands still for long: what counts is that its time passes.
    expect((await player.countFrames(4)).frames).toBeGreaterThan(10)
    await player.seek(28)
    expect((await player.countFrames(2)).currentTime).toBeGreaterThanOrEqual(30)

    const popup = await PopupPage.open(browser)
    const { paidWei, verifiedBytes } = await popup.stopSpending()
    await market.untilAllPaidOut()
    const after = await market.balances(accounts)
    const change = (name: string) => (after[name] ?? 0n) - (before[name] ?? 0n)
    const terms = await reader.terms(town.video, 'cmaf' as FormatName)
    expect(oneHundredPti - (await reader.balanceWei(wallet.address))).toBe(paidWei)
    expect(change('publisher')).toBe(ownerEarnedWei(terms, verifiedBytes))
    expect(change('first') + change('second')).toBe(terms.fee * BigInt(verifiedBytes))
    await browser.close()
  })
})

describe('a newcomer', () => {
  it('comes from nothing to a film that plays, by the wallet’s own pages and the faucet of the site', async () => {
    const { chain } = market.town
    const browser = await market.openBrowser()
    const { context } = browser
    const pictures = process.env.NEWCOMER_PICTURES
    const person = new Newcomer(async (page, step) => {
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${step}.png`) })
    })
    const page = await context.newPage()
    await page.goto(
      browser.pageUrl(onboardingPath({ network: chain, name: 'devnet', fundingUrl: market.site.url })),
    )
    await person.press(page.getByRole('button', { name: 'Create a wallet' }))
    await person.press(page.getByRole('button', { name: 'Show the words' }))
    const words = await page.getByTestId('phrase-word').allTextContents()
    await person.press(page.getByRole('button', { name: 'I wrote them down' }))
    await page
      .getByLabel(/^Word \d+$/)
      .first()
      .waitFor()
    for (const asked of await page.getByLabel(/^Word \d+$/).all()) {
      const label = await asked.evaluate(input => (input as HTMLInputElement).labels?.[0]?.textContent ?? '')
      await person.type(asked, words[Number(/\d+/.exec(label)?.[0]) - 1] ?? '')
    }
    await person.press(page.getByRole('button', { name: 'Continue' }))
    await person.type(page.getByLabel('Password', { exact: true }), 'a harbour at dawn')
    await person.type(page.getByLabel('The same again'), 'a harbour at dawn')
    await person.press(page.getByRole('button', { name: 'Continue' }))
    await person.press(page.getByRole('button', { name: 'Create wallet' }))
    const opening = context.waitForEvent('page')
    await person.press(page.getByRole('link', { name: 'Get PTI' }))
    const site = await opening
    const player = await PlayerFrame.in(site)
    await player.frame.getByText('you have 0').waitFor()
    await person.press(site.getByRole('button', { name: 'Get test PTI' }))
    await site.getByText('100 PTI sent').waitFor()
    await person.press(player.frame.getByRole('button', { name: 'Try again' }))
    // By the keyboard: a pointer that came into the player just now does not count as a yes.
    await person.enter(player.frame.locator('[data-testid=watch][data-armed=true]'))
    await player.untilPlaying()
    const seconds = Math.round(10 * person.seconds) / 10
    console.log(JSON.stringify({ newcomer: { steps: person.steps, seconds } }))
    expect(person.steps).toBeLessThanOrEqual(15)
    await browser.close()
  })
})

describe('what is refused changes no folder, no store of the extension and no chain', () => {
  const accountsOf = ({ wallet }: Viewer) => [
    wallet.address,
    market.town.publisher.account,
    ...market.town.hosts.map(({ account }) => account),
  ]
  const stage = () => ({
    folder: market.folder,
    reader: market.reader,
    balance: (account: Address) => market.reader.balanceWei(account),
  })

  /** A viewer with its popup, and the page that embeds the film with these attributes more. */
  const open = async (ptiWei: bigint, isLocked = false) => {
    const viewer = await market.openViewer(ptiWei)
    const popup = await PopupPage.open(viewer.browser)
    if (isLocked) await popup.lock()
    const before = {
      market: await takeSnapshot(stage(), accountsOf(viewer)),
      store: await readExtensionStore(popup.page),
    }
    const page = await viewer.browser.context.newPage()
    const embed = async (attributes: Record<string, string> = {}) => {
      await page.goto(market.site.url)
      await page.evaluate(wanted => {
        const tag = document.querySelector('paratii-player')
        for (const [name, value] of Object.entries(wanted)) tag?.setAttribute(name, value)
      }, attributes)
    }
    const expectNothingChanged = async () => {
      expect(await readExtensionStore(popup.page)).toEqual(before.store)
      expect(await takeSnapshot(stage(), accountsOf(viewer))).toEqual(before.market)
    }
    const expectFailure = (code: string) =>
      expect
        .poll(async () => {
          const player = await PlayerFrame.in(page)
          return await player.failure.getAttribute('data-code', { timeout: 1_000 }).catch(() => undefined)
        })
        .toBe(code)
    return { ...viewer, popup, page, embed, expectNothingChanged, expectFailure }
  }

  it('an unknown video, a price above the limit, a tag that makes no sense', async () => {
    const { browser, embed, expectFailure, expectNothingChanged } = await open(oneHundredPti)
    await embed({ video: `0x${'ab'.repeat(32)}` })
    await expectFailure('video-unknown')
    await embed({ 'price-max': '0.39' })
    await expectFailure('price-above-limit')
    await embed({ affiliate: 'me' })
    await expectFailure('request-malformed')
    await expectNothingChanged()
    await browser.close()
  })

  it('an empty balance', async () => {
    const { browser, page, embed, expectNothingChanged } = await open(0n)
    await embed()
    const player = await PlayerFrame.in(page)
    await player.frame.getByText('you have 0').waitFor()
    expect(await player.watchButton.count()).toBe(0)
    await expectNothingChanged()
    await browser.close()
  })

  it('a locked wallet', async () => {
    const { browser, page, embed, expectNothingChanged } = await open(oneHundredPti, true)
    await embed()
    const player = await PlayerFrame.in(page)
    await player.frame.getByRole('button', { name: 'Unlock to watch' }).waitFor()
    expect(await player.watchButton.count()).toBe(0)
    await expectNothingChanged()
    await browser.close()
  })

  it('no host, and then no chain', async () => {
    for (const host of market.town.hosts) await host.process.stop()
    const { browser, page, popup, embed, expectNothingChanged } = await open(oneHundredPti)
    await embed()
    const player = await PlayerFrame.in(page)
    await player.failure.getByText('No host can send this now').waitFor()
    await player.failure.getByText('Nothing was paid.').waitFor()
    await expectNothingChanged()

    const before = { files: await hashFiles(market.folder), store: await readExtensionStore(popup.page) }
    await market.town.chain.stop()
    await player.frame.getByRole('button', { name: 'Try again' }).click()
    await player.failure.getByText('The chain cannot be reached').waitFor()
    const seen = await PopupPage.open(browser)
    await seen.page.getByText('The chain cannot be reached').waitFor()
    expect({ files: await hashFiles(market.folder), store: await readExtensionStore(popup.page) }).toEqual(
      before,
    )
    await browser.close()
  })
})

describe('npm start -- --clip FILE --once', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paratii-clips-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each([
    [
      'a portrait',
      'portrait.mp4',
      ['-f', 'lavfi', '-i', 'testsrc2=s=360x640:r=25:d=8'],
      ['-pix_fmt', 'yuv420p'],
    ],
    [
      'a picture of odd sizes, with sound',
      'odd.mkv',
      ['-f', 'lavfi', '-i', 'testsrc2=s=427x241:r=24:d=8', '-f', 'lavfi', '-i', 'sine=d=8'],
      ['-pix_fmt', 'yuv444p', '-c:a', 'aac'],
    ],
  ])('publishes and plays %s', async (_, name, inputs, codecs) => {
    const { ffmpeg } = await findMediaTools()
    const clip = join(folder, name)
    const encode = ['-v', 'error', ...inputs, '-c:v', 'libx264', '-preset', 'ultrafast', ...codecs, clip]
    await runProgram(ffmpeg, encode, { onLine: () => undefined })
    const demo = spawn(process.execPath, ['src/devnet/start.ts', '--clip', clip, '--once'], {
      cwd: resolve(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise(done => demo.once('close', done))
    const said = await text(demo.stdout)
    expect(await ended).toBe(0)
    const [, frames] = /Played 5 s: (\d+) frames shown/.exec(said) ?? []
    expect(Number(frames)).toBeGreaterThan(50)
    const [, paid] = /Paid ([\d.]+) PTI/.exec(said) ?? []
    expect(Number(paid)).toBeGreaterThan(0)
  })
})
