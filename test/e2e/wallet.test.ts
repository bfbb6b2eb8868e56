import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { HDNodeWallet, verifyMessage } from 'ethers'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requests } from '#bridge/contract.ts'
import { type Browser, launchBrowser } from '#devnet/browser.ts'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import { ApprovalWindow } from '#devnet/pages/approval.ts'
import { setUpWallet } from '#devnet/pages/onboarding.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import type { Address } from '#std/brand.ts'
import { findTools } from '../../scripts/find-tools.mjs'
import { type DappSite, serveDapp } from './dapp.ts'
import { findSecrets, secretsOf } from './secret-scan.ts'

const password = 'correct horse battery'
const root = resolve(import.meta.dirname, '../..')

type Asked = { result?: unknown; code?: number }
const ask = (page: Page, method: string, params?: unknown): Promise<Asked> =>
  page.evaluate(
    ([name, list]) =>
      (window as unknown as { ask(method: string, params: unknown): Promise<Asked> }).ask(String(name), list),
    [method, params] as const,
  )
const toldOf = (page: Page): Promise<unknown[]> =>
  page.evaluate(() => (window as unknown as { told: unknown[] }).told)

describe('the wallet, beside a site that may be hostile', () => {
  let chain: DevnetChain
  let dapp: DappSite
  let browser: Browser
  let profile: string
  let wallet: HDNodeWallet
  let site: Page
  let popup: PopupPage

  beforeAll(async () => {
    const tools = findTools()
    if ('advice' in tools) throw new Error(tools.advice)
    ;[chain, dapp] = await Promise.all([startDevnetChain(), serveDapp()])
    profile = await mkdtemp(join(tmpdir(), 'paratii-profile-'))
    wallet = HDNodeWallet.createRandom()
    browser = await launchBrowser({
      extension: join(root, 'build/chrome-mv3-prod'),
      executable: tools.paths.chromium,
      headless: true,
      profile,
    })
    const phrase = wallet.mnemonic?.phrase ?? ''
    const { address, page } = await setUpWallet(browser, { password, network: chain, phrase })
    expect(address).toBe(wallet.address.toLowerCase())
    await chain.faucet(address, 10n ** 20n, 10n ** 18n)
    await page.close()
    site = await browser.context.newPage()
    await site.goto(dapp.url)
    popup = await PopupPage.open(browser)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all([chain?.stop(), dapp?.stop()])
    await rm(profile, { recursive: true, force: true })
  }, 60_000)

  it('is announced, replaces nothing, and tells nothing before somebody says yes', async () => {
    const seen = await site.evaluate(() => ({
      hadEthereum: (window as unknown as { before: boolean }).before,
      hasEthereum: 'ethereum' in window,
      names: (window as unknown as { wallets: { info: { name: string; rdns: string } }[] }).wallets.map(
        ({ info }) => `${info.name} ${info.rdns}`,
      ),
    }))
    expect(seen).toEqual({ hadEthereum: false, hasEthereum: false, names: ['Paratii org.paratii.wallet'] })
    expect(await ask(site, 'eth_accounts')).toEqual({ result: [] })
    expect(await ask(site, 'eth_chainId')).toEqual({ result: '0x7a69' })
    const asked = ask(site, 'eth_requestAccounts')
    const approval = await ApprovalWindow.opened(browser)
    expect(await approval.origin()).toBe(new URL(dapp.url).origin)
    await approval.answer(false)
    expect(await asked).toEqual({ code: 4001 })
  })

  it('connects, signs and sends what a person saw, and nothing that is Paratii’s own', async () => {
    const address = wallet.address.toLowerCase() as Address
    const connecting = ask(site, 'eth_requestAccounts')
    await (await ApprovalWindow.opened(browser)).answer(true)
    expect(await connecting).toEqual({ result: [address] })

    const signing = ask(site, 'personal_sign', ['Good morning', address])
    const message = await ApprovalWindow.opened(browser)
    expect(await message.page.getByTestId('approval-message').textContent()).toBe('Good morning')
    await message.answer(true)
    expect(verifyMessage('Good morning', String((await signing).result))).toBe(wallet.address)

    const to = `0x${'12'.repeat(20)}`
    const sending = ask(site, 'eth_sendTransaction', [{ from: address, to, value: '0x10' }])
    const transaction = await ApprovalWindow.opened(browser)
    expect(await transaction.says()).toContain('0.000000000000000016 ETH')
    await transaction.answer(true)
    expect(String((await sending).result)).toMatch(/^0x[0-9a-f]{64}$/)
    await popup.page.bringToFront()
    await popup.page.locator('[data-testid=transfer-entry][data-state=mined]').waitFor()

    const own = {
      types: { RequestClose: [{ name: 'purchase', type: 'bytes32' }] },
      primaryType: 'RequestClose',
      domain: { name: 'Paratii', version: '1', chainId: 31337, verifyingContract: to },
      message: { purchase: `0x${'00'.repeat(32)}` },
    }
    await site.bringToFront()
    expect(await ask(site, 'eth_signTypedData_v4', [address, JSON.stringify(own)])).toEqual({ code: 4100 })
  })

  it('shows one question of a thousand, and ends it when the wallet is locked', async () => {
    await site.evaluate(async () => {
      const page = window as unknown as {
        wallets: { provider: { request(asked: object): Promise<unknown> } }[]
        flood: number[]
      }
      const [wallet] = page.wallets
      if (wallet === undefined) throw new Error('no wallet')
      const { provider } = wallet
      const [account] = (await provider.request({ method: 'eth_accounts' })) as string[]
      page.flood = []
      for (let n = 0; n < 1000; n++)
        provider.request({ method: 'personal_sign', params: [`flood ${n}`, account] }).then(
          () => page.flood.push(0),
          (error: { code: number }) => page.flood.push(error.code),
        )
    })
    const codes = (): Promise<number[]> =>
      site.evaluate(() => (window as unknown as { flood: number[] }).flood)
    await expect.poll(async () => (await codes()).length).toBe(999)
    expect([...new Set(await codes())].toSorted((one, other) => one - other)).toEqual([-32005, -32002])
    const approval = await ApprovalWindow.opened(browser)
    await approval.page.getByText('flood').waitFor()
    expect(browser.context.pages().filter(page => page.url().includes('window=approval'))).toHaveLength(1)
    const bar = await PopupPage.open(browser)
    await bar.page.evaluate(() => chrome.runtime.sendMessage({ request: 'wallet-lock', params: {} }))
    await expect.poll(async () => (await codes()).at(-1)).toBe(4100)
    await bar.page.close()
    await expect.poll(() => toldOf(site)).toContainEqual(['accountsChanged', []])
    expect(await ask(site, 'eth_accounts')).toEqual({ result: [] })
    await popup.page.bringToFront()
    await popup.unlock(password)
    await popup.page.getByTestId('balance').waitFor()
    await site.bringToFront()
    await expect.poll(() => toldOf(site)).toContainEqual(['accountsChanged', [wallet.address.toLowerCase()]])
  })

  it('is asked for nothing by a content script that the site has taken over, nor is its storage read', async () => {
    const devtools = await browser.context.newCDPSession(site)
    const contexts: { id: number; origin: string }[] = []
    devtools.on('Runtime.executionContextCreated', ({ context }) => contexts.push(context))
    await devtools.send('Runtime.enable')
    await expect.poll(() => contexts.some(({ origin }) => origin.includes(browser.extensionId))).toBe(true)
    const contextId = contexts.find(({ origin }) => origin.includes(browser.extensionId))?.id ?? 0
    const evaluate = async (expression: string): Promise<unknown> => {
      const { result } = await devtools.send('Runtime.evaluate', {
        contextId,
        expression,
        awaitPromise: true,
        returnByValue: true,
      })
      return result.value
    }
    for (const request of Object.keys(requests).filter(name => name !== 'provider-request')) {
      const message = JSON.stringify({ request, params: { password } })
      expect(await evaluate(`chrome.runtime.sendMessage(${message})`), request).toMatchObject({
        ok: false,
        error: { code: 'not-permitted' },
      })
    }
    for (const name of ['home', 'player'])
      expect(
        await evaluate(
          `new Promise(r => chrome.runtime.connect({ name: '${name}' }).onDisconnect.addListener(() => r('closed')))`,
        ),
      ).toBe('closed')
    const read = (area: string) =>
      evaluate(`chrome.storage.${area}.get(null).then(all => Object.keys(all).length, () => 'refused')`)
    expect([await read('local'), await read('session')]).toEqual(['refused', 'refused'])
    await devtools.detach()
  })

  it('ends what is asked when the network changes under it, and when the person disconnects the site', async () => {
    const address = wallet.address.toLowerCase()
    const { rpcUrl, registry } = chain
    const there = { name: 'devnet', chainId: 31337, rpcUrl, registry }
    const tell = (request: string, params: object): Promise<{ ok: boolean }> =>
      popup.page.evaluate(message => chrome.runtime.sendMessage(message), { request, params })
    const moving = ask(site, 'personal_sign', ['in flight', address])
    const first = await ApprovalWindow.opened(browser)
    const gone = first.page.waitForEvent('close')
    expect(await tell('network-set', { ...there, name: 'elsewhere', chainId: 5 })).toMatchObject({ ok: true })
    expect(await moving).toEqual({ code: 4100 })
    await gone
    expect(await tell('network-set', there)).toMatchObject({ ok: true })
    await expect.poll(() => toldOf(site)).toContainEqual(['chainChanged', '0x5'])
    await expect.poll(() => toldOf(site)).toContainEqual(['chainChanged', '0x7a69'])

    const leaving = ask(site, 'personal_sign', ['in flight again', address])
    const second = await ApprovalWindow.opened(browser)
    const closed = second.page.waitForEvent('close')
    const { origin } = new URL(dapp.url)
    expect(await tell('site-set', { origin, rule: {} })).toMatchObject({ ok: true })
    expect(await leaving).toEqual({ code: 4100 })
    await closed
    expect(await ask(site, 'eth_accounts')).toEqual({ result: [] })
    expect(await tell('site-set', { origin, rule: { isConnected: true } })).toMatchObject({ ok: true })
    expect(await ask(site, 'eth_accounts')).toEqual({ result: [address] })
  })

  it('answers a page that speaks to the content script itself with nothing but refusals', async () => {
    const codes = await site.evaluate(async names => {
      const answerTo = (detail: string, id: string): Promise<unknown> =>
        new Promise(resolve => {
          const hear = (event: Event): void => {
            const answer = JSON.parse((event as CustomEvent).detail)
            if (answer.id !== id) return
            document.removeEventListener('paratii-answer', hear)
            resolve(answer.ok ? 'answered' : answer.code)
          }
          document.addEventListener('paratii-answer', hear)
          document.dispatchEvent(new CustomEvent('paratii-ask', { detail }))
        })
      // What is no request at all is answered by nothing, and harms nothing.
      for (const detail of ['', 'no json', 'null', '7'])
        document.dispatchEvent(new CustomEvent('paratii-ask', { detail }))
      const asked = [
        ...names.map(method => ({ method, params: { password: 'guess guess guess' } })),
        { method: 7 },
        { method: 'x'.repeat(101) },
        { method: 'eth_call', params: ['y'.repeat(70_000)] },
      ]
      const found: unknown[] = []
      for (const [n, request] of asked.entries()) {
        const id = `mine ${n}`
        found.push(await answerTo(JSON.stringify({ id, request: names[n], ...request }), id))
      }
      return found
    }, Object.keys(requests))
    const names = Object.keys(requests).length
    expect(new Set(codes.slice(0, names))).toEqual(new Set([4200]))
    expect(codes.slice(names)).toEqual([-32602, -32602, -32602])
  })

  it('is told by a site no more, once the person took the connection back', async () => {
    await popup.page.bringToFront()
    await popup.disconnectSite(new URL(dapp.url).host)
    await site.bringToFront()
    expect(await ask(site, 'eth_accounts')).toEqual({ result: [] })
    expect(await ask(site, 'personal_sign', ['x', wallet.address])).toEqual({ code: 4100 })
  })

  it('leaves no byte of phrase or key on disk outside its vault, whatever it did', async () => {
    await popup.page.bringToFront()
    const phrase = await popup.revealPhrase(password)
    expect(phrase).toBe(wallet.mnemonic?.phrase)
    await browser.close()
    const { found, readBytes } = await findSecrets(profile, secretsOf(wallet))
    expect(found).toEqual([])
    // The vault itself is there, so what was searched is where it would be.
    expect(readBytes).toBeGreaterThan(100_000)
  })
})
