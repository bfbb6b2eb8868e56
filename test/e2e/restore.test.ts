import { HDNodeWallet } from 'ethers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { setUpWallet } from '#devnet/pages/onboarding.ts'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import type { Address } from '#std/brand.ts'
import { type Market, oneHundredPti, openMarket, password } from './market.ts'

let market: Market
beforeAll(async () => {
  market = await openMarket()
})
afterAll(() => market?.stop())

it('finds by its phrase, in an empty profile, what is open and what it has cost, and gets the rest back', async () => {
  const { chain } = market.town
  const made = HDNodeWallet.createRandom()
  const phrase = made.mnemonic?.phrase ?? ''
  const viewer = made.address.toLowerCase() as Address
  await chain.faucet(viewer, oneHundredPti)
  const first = await market.openBrowser()
  await setUpWallet(first, { password, network: chain, phrase })
  const page = await first.context.newPage()
  await page.goto(market.site.url)
  const player = await PlayerFrame.in(page)
  await player.watch()
  await player.untilPlaying()
  await player.countFrames(4)
  await expect.poll(async () => (await player.meter()).paidWei).toBeGreaterThan(0n)
  const before = await player.meter()
  await first.close()

  const second = await market.openBrowser()
  await setUpWallet(second, { password, network: chain, phrase })
  const popup = await PopupPage.open(second)
  const entry = popup.page.locator('[data-testid=activity-entry][data-state=open]')
  await entry.waitFor()
  const paidOf = async () => -BigInt((await entry.getByTestId('activity-paid').getAttribute('value')) ?? 0)
  // Hosts hold all receipts but those that were on their way.
  await expect.poll(paidOf).toBeGreaterThan(before.paidWei / 2n)
  const { paidWei } = await popup.closeHeld()
  await market.untilAllPaidOut()
  const { balance } = await market.balances({ balance: viewer })
  expect(balance).toBe(oneHundredPti - paidWei)
  await second.close()
})
