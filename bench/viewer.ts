import { randomSystem } from '#adapters/random-system.ts'
import type { DevnetChain } from '#devnet/chain.ts'
import type { Address, PurchaseNonce, VideoId } from '#std/brand.ts'
import { createPhrase } from '#wallet/phrase.ts'
import type { Chromium } from './chromium.ts'
import type { Page } from './devtools.ts'

const password = 'devnet-only'
const primary = 'button.primary'

/** Makes a wallet in the extension's own onboarding page, by its buttons and fields. Answers its account. */
export const makeWallet = async ({ devtools, pageUrl }: Chromium, chain: DevnetChain): Promise<Address> => {
  const { rpcUrl, chainId, registry } = chain
  const query = new URLSearchParams({ rpc: rpcUrl, chain: `${chainId}`, registry, name: 'bench' })
  const page = await devtools.openPage(pageUrl(`tabs/onboarding.html?${query}`))
  await page.click(`${primary} + button`)
  await page.type('textarea', 0, createPhrase(randomSystem))
  await page.click(primary)
  for (const place of [0, 1]) await page.type('input[type=password]', place, password)
  await page.click(primary)
  // The fields of the network step: node, chain, registry, then what one video and one day may cost.
  await page.type('form input:not([type=password])', 3, '10')
  await page.type('form input:not([type=password])', 4, '500')
  await page.click(primary)
  const address = await page.waitFor(() => document.querySelector('[data-testid=address]')?.textContent)
  await page.close()
  // The tab that opened itself at the installation would only use CPU.
  for (const { targetId, url } of await devtools.targets())
    if (url.startsWith(pageUrl('tabs/onboarding.html'))) await devtools.closeTarget(targetId).catch(() => {})
  return address.trim().toLowerCase() as Address
}

/** The player in a tab of its own, at the offer. */
export const openPlayer = async ({ devtools, pageUrl }: Chromium, video: VideoId): Promise<Page> => {
  const page = await devtools.openPage(pageUrl(`tabs/player.html?video=${video}`))
  await page.waitFor(() => document.querySelector('[data-testid=watch]') !== null)
  return page
}

/** Presses the button that names the price, and waits until the page may stream. Answers the new purchase. */
export const buyVideo = async (page: Page): Promise<PurchaseNonce> => {
  await page.click('[data-testid=watch]')
  // The manifest is the first thing that a player reads of a purchase; this film's cannot be played, and that is all.
  await page.waitFor(() => document.querySelector('[data-testid=interruption]') !== null)
  return page.waitFor(async () => {
    const { purchases } = await chrome.storage.local.get<{ purchases: { purchase: PurchaseNonce }[] }>(
      'purchases',
    )
    return purchases[0]?.purchase
  })
}

/** Ends a purchase as the popup's button does: last receipts first. The page then offers the video again. */
export const stopPurchase = async (page: Page, purchase: PurchaseNonce): Promise<void> => {
  const answer = await page.evaluate(
    async nonce =>
      (await chrome.runtime.sendMessage({ request: 'purchase-stop', params: { purchase: nonce } })) as {
        readonly ok: boolean
      },
    purchase,
  )
  if (!answer.ok) throw new Error(`the purchase was not stopped: ${JSON.stringify(answer)}`)
  await page.click('.player button')
}

/** Where the player page streams a file of a purchase from. */
export const streamUrl = (purchase: PurchaseNonce, path: string): string => `/stream/${purchase}/${path}`

/** Clears away what the extension keeps of videos, and ends its node, so that the next run fetches every byte again. */
export const forgetVideos = async (page: Page): Promise<void> => {
  // The page offers the video anew with the node's help.
  await page.waitFor(() => document.querySelector('[data-testid=watch]') !== null)
  await page.waitFor(async () => {
    if (await chrome.offscreen.hasDocument()) await chrome.offscreen.closeDocument()
    const folder = await navigator.storage.getDirectory()
    try {
      for await (const name of folder.keys()) await folder.removeEntry(name)
      return true
    } catch {
      // The browser has not yet taken the files from the node that was ended.
      return undefined
    }
  })
}
