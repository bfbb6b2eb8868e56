import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRpc } from '#chain/http-rpc.ts'
import { createChainReader } from '#chain/reader.ts'
import { type Browser, launchBrowser } from '#devnet/browser.ts'
import { startDevnetChain } from '#devnet/chain.ts'
import { setUpWallet } from '#devnet/pages/onboarding.ts'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { parsePti } from '#std/amount.ts'
import { findTools } from '../../scripts/find-tools.mjs'
import { type Campaigner, openCampaigner } from './advertiser.ts'
import { password } from './market.ts'

const seconds = 8
const weiOf = (perMinute: string): bigint => ((parsePti(perMinute) ?? 0n) / 60n) * BigInt(seconds)

describe('a viewer with an empty wallet', () => {
  const closers: (() => Promise<unknown>)[] = []
  let chain: Awaited<ReturnType<typeof startDevnetChain>>
  let rich: Campaigner
  let modest: Campaigner
  let browser: Browser
  let siteUrl: string

  beforeAll(async () => {
    const tools = findTools()
    if ('advice' in tools) throw new Error(tools.advice)
    const folder = await mkdtemp(join(tmpdir(), 'paratii-attention-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    chain = await startDevnetChain({ periodSeconds: 5 })
    closers.push(() => chain.stop())
    const shared = { folder, ffmpeg: tools.paths.ffmpeg, seconds }
    // Room for one viewing at the higher rate, and for many at the lower one.
    rich = await openCampaigner(chain, { ...shared, name: 'rich', budget: '0.1', maxRate: '0.6' })
    modest = await openCampaigner(chain, { ...shared, name: 'modest', budget: '1', maxRate: '0.3' })
    const site = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(
        '<!doctype html><title>Site</title><paratii-player mode="attention" width="640" height="400">',
      )
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    closers.push(async () => site.close())
    siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
    browser = await launchBrowser({
      extension: join(resolve(import.meta.dirname, '../..'), 'build/chrome-mv3-prod'),
      executable: tools.paths.chromium,
      headless: true,
    })
    closers.push(() => browser.close())
  }, 180_000)
  afterAll(async () => {
    for (const close of closers.toReversed()) await close()
  }, 60_000)

  it('earns from the higher of two campaigns, then from the lower; the chain pays both to the last unit', async () => {
    const wallet = await setUpWallet(browser, { password, network: chain })
    const popup = await PopupPage.open(browser)
    await popup.goTo('Bids')
    await popup.page.getByLabel('Take bids for my attention').click()
    await popup.page.getByRole('button', { name: 'Ask for bids now' }).click()
    await popup.page.getByTestId('bid-rate').nth(1).waitFor()
    const rates = await popup.page
      .getByTestId('bid-rate')
      .evaluateAll(all => all.map(one => BigInt(one.getAttribute('value') ?? 0)))
    expect(rates).toEqual(rates.toSorted((one, other) => (one > other ? -1 : 1)))

    const page = await browser.context.newPage()
    await page.goto(siteUrl)
    const { frame } = await PlayerFrame.in(page)
    const watch = async (title: string, earnedWei: bigint) => {
      await frame.getByRole('heading', { name: title }).waitFor()
      await frame.getByTestId('earn').click()
      await frame.getByTestId('earn-ended').waitFor({ timeout: 60_000 })
      expect(await frame.getByTestId('earn-ended').getAttribute('data-ended')).toBe('done')
      expect(await frame.getByTestId('earned').getAttribute('data-wei')).toBe(earnedWei.toString())
    }
    await watch('rich', weiOf('0.6'))
    await frame.getByRole('button', { name: 'Look for another' }).click()
    await watch('modest', weiOf('0.3'))

    await popup.goTo('Home')
    expect(await popup.page.getByTestId('activity-earned').count()).toBe(2)
    // Who stops settles what it owes.
    await rich.stop()
    await modest.stop()
    const reader = createChainReader(chain, connectRpc(chain.rpcUrl))
    expect(await reader.balanceWei(wallet.address)).toBe(weiOf('0.6') + weiOf('0.3'))
  })
})
