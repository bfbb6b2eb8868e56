import type { Page } from 'playwright'
import type { ChainConfig } from '#chain/config.ts'
import type { Address } from '#std/brand.ts'
import type { Browser } from '../browser.ts'

/** A network as the onboarding page can be told of it. */
export interface Place {
  network: ChainConfig
  /** What the network is called, and where test PTI can be had. */
  name?: string
  fundingUrl?: string
}

export interface WalletSetUp extends Place {
  password: string
  /** Brings this wallet instead of making one. */
  phrase?: string
}

export interface NewWallet {
  address: Address
  /** The page, still open, showing the address. */
  page: Page
}

/** The onboarding page, with the network filled in. */
export function onboardingPath({ network, name = 'devnet', fundingUrl }: Place): string {
  const { rpcUrl, chainId, registry } = network
  const query = new URLSearchParams({ rpc: rpcUrl, chain: `${chainId}`, registry, name })
  if (fundingUrl !== undefined) query.set('funding', fundingUrl)
  return `tabs/onboarding.html?${query}`
}

/** Goes through the onboarding tab as a person does; the network is already filled in. */
export async function setUpWallet(browser: Browser, wallet: WalletSetUp): Promise<NewWallet> {
  const page = await browser.context.newPage()
  await page.goto(browser.pageUrl(onboardingPath(wallet)))
  if (wallet.phrase === undefined) await makePhrase(page)
  else await bringPhrase(page, wallet.phrase)
  await page.getByLabel('Password', { exact: true }).fill(wallet.password)
  await page.getByLabel('The same again').fill(wallet.password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: 'Create wallet' }).click()
  const address = (await page.getByTestId('address').textContent()) ?? ''
  return { address: address.trim().toLowerCase() as Address, page }
}

async function makePhrase(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Create a wallet' }).click()
  await page.getByRole('button', { name: 'Show the words' }).click()
  const words = await page.getByTestId('phrase-word').allTextContents()
  await page.getByRole('button', { name: 'I wrote them down' }).click()
  for (const asked of await page.getByLabel(/^Word \d+$/).all()) {
    const label = await asked.evaluate(input => (input as HTMLInputElement).labels?.[0]?.textContent ?? '')
    await asked.fill(words[Number(/\d+/.exec(label)?.[0]) - 1] ?? '')
  }
  await page.getByRole('button', { name: 'Continue' }).click()
}

async function bringPhrase(page: Page, phrase: string): Promise<void> {
  await page.getByRole('button', { name: 'I have a recovery phrase' }).click()
  await page.getByLabel('Recovery phrase').fill(phrase)
  await page.getByRole('button', { name: 'Continue' }).click()
}
