import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HDNodeWallet } from 'ethers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { setUpWallet } from '#devnet/pages/onboarding.ts'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { purchaseNodeKeyPath } from '#protocol/keys.ts'
import type { Address } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { deriveKey } from '#wallet/derivation.ts'
import { type Market, oneHundredPti, openMarket, password } from './market.ts'
import { findSecrets, secretsOf } from './secret-scan.ts'

let market: Market
const profiles: string[] = []
beforeAll(async () => {
  market = await openMarket()
  for (let n = 0; n < 2; n++) profiles.push(await mkdtemp(join(tmpdir(), 'paratii-profile-')))
})
afterAll(async () => {
  await market?.stop()
  for (const profile of profiles) await rm(profile, { recursive: true, force: true })
})

it('finds by its phrase, in an empty profile, what is open and what it has cost, and gets the rest back', async () => {
  const { chain } = market.town
  const made = HDNodeWallet.createRandom()
  const phrase = made.mnemonic?.phrase ?? ''
  const viewer = made.address.toLowerCase() as Address
  await chain.faucet(viewer, oneHundredPti)
  const first = await market.openBrowser(profiles[0])
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

  const second = await market.openBrowser(profiles[1])
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

  // Neither the one that bought and played nor the one that was restored and closed has written a secret down: not the
  // wallet's, nor the key that signed the receipts.
  const [bought] = await market.reader.purchases({ buyer: viewer })
  if (bought === undefined) throw new Error('nothing was bought')
  const seed = Buffer.from((made.mnemonic?.computeSeed() ?? '').slice(2), 'hex')
  const nodeKey = deriveKey(seed, purchaseNodeKeyPath(chain.chainId, viewer, bought.salt))
  for (const profile of profiles) {
    const { found, readBytes } = await findSecrets(profile, secretsOf(made, [hexFromBytes(nodeKey)]))
    expect(found).toEqual([])
    expect(readBytes).toBeGreaterThan(100_000)
  }
})
