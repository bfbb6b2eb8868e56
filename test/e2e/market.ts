import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { type ChainReader, createChainReader } from '#chain/reader.ts'
import { type Browser, launchBrowser } from '#devnet/browser.ts'
import { makeDemoClip } from '#devnet/clip.ts'
import { faucetGift } from '#devnet/faucet.ts'
import { type NewWallet, setUpWallet } from '#devnet/pages/onboarding.ts'
import { type Site, serveSite } from '#devnet/site.ts'
import { startTown, type Town, type Townsman } from '#devnet/town.ts'
import { decodeHead } from '#media/head-car.ts'
import { sha256 } from '#network/sha256.ts'
import { openHosts } from '#protocol/announcement.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { formatPti } from '#std/amount.ts'
import type { Address, FormatName } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import { findTools } from '../../scripts/find-tools.mjs'
import { Gate, type Line } from './gate.ts'

const root = resolve(import.meta.dirname, '../..')
export const cacheFolder = join(root, '.cache')
const title = 'Harbour at dawn'
export const password = 'correct horse battery'
export const oneHundredPti = 100n * 10n ** 18n

/** A town with two hosts, a site of another origin, and what the tests ask of the chain. */
export interface Market {
  town: Town
  site: Site
  /** Where all daemons of the town keep their files. */
  folder: string
  reader: ChainReader
  /** What the data planes of all hosts share; without bounds until a test sets some. */
  line: Line
  /** PTI of each account, by name. */
  balances(accounts: Record<string, Address>): Promise<Record<string, bigint>>
  /** Waits until VideoStore holds nothing: everything was settled, and the rest reclaimed. */
  untilAllPaidOut(): Promise<void>
  /** The hosts in the order in which viewers are told of them. */
  hostsInOrder(): Promise<Townsman[]>
  /** The gate before a host. */
  gateOf(host: Townsman): Gate
  /** What a host earns by the head that it gives to everyone before a purchase. */
  headWei(host: Townsman): Promise<bigint>
  /** A browser of its own, with an unlocked wallet that has `ptiWei`. */
  openViewer(ptiWei: bigint, profile?: string): Promise<Viewer>
  /** A browser with a profile that is there already. */
  openBrowser(profile?: string): Promise<Browser>
  stop(): Promise<void>
}

export interface Viewer {
  browser: Browser
  wallet: NewWallet
}

export interface MarketOptions {
  /** The film that is sold; without, the demo's clip of a minute. */
  film?: string
}

export async function openMarket(options: MarketOptions = {}): Promise<Market> {
  // What daemons do in quiet hours happens while a test watches.
  process.env.PARATII_DAEMON_TICK_SECONDS = '1'
  // And every receipt is worth settling, so that what was signed is what is paid.
  process.env.PARATII_SETTLE_BATCH_COST = '0'
  process.env.PARATII_SETTLE_RECEIPT_COST = '0'
  const tools = findTools()
  if ('advice' in tools) throw new Error(tools.advice)
  const folder = await mkdtemp(join(tmpdir(), 'paratii-market-'))
  const film = options.film ?? (await makeDemoClip({ cacheFolder }))
  const line: Line = { bytesPerSecond: Number.POSITIVE_INFINITY }
  const gates = [await Gate.open(line), await Gate.open(line)]
  const hostEnv = (n: number) => gates[n - 1]?.env ?? {}
  const town = await startTown({ folder, film, title, hosts: 2, periodSeconds: 5, hostEnv })
  const site = await serveSite({
    video: town.video,
    title,
    tagScript: join(root, 'build/player/paratii-player.js'),
    faucet: async address => {
      await town.chain.faucet(address.toLowerCase() as Address, faucetGift.ptiWei)
      return `${formatPti(faucetGift.ptiWei)} PTI sent.`
    },
  })
  const browsers: Browser[] = []
  const openBrowser = async (profile?: string): Promise<Browser> => {
    const browser = await launchBrowser({
      extension: join(root, 'build/chrome-mv3-prod'),
      executable: tools.paths.chromium,
      headless: true,
      ...(profile === undefined ? {} : { profile }),
    })
    browsers.push(browser)
    return browser
  }
  const { chain } = town
  const rpc = connectRpc(chain.rpcUrl)
  const reader = createChainReader(chain, rpc)
  const { videoStore } = await reader.addresses()
  return {
    town,
    site,
    folder,
    reader,
    line,
    async balances(accounts) {
      const entries = Object.entries(accounts).map(
        async ([name, account]) => [name, await reader.balanceWei(account)] as const,
      )
      return Object.fromEntries(await Promise.all(entries))
    },
    async untilAllPaidOut() {
      while ((await reader.balanceWei(videoStore)) !== 0n) {
        // A chain of our own mines only what is sent: time passes with each block.
        await rpc.request('evm_mine', [])
        await new Promise(resolve => setTimeout(resolve, 200))
      }
    },
    async hostsInOrder() {
      const { document } = await reader.video(town.video)
      const bytes = await (await fetch(`${town.publisher.url}/paratii/1/hosts/${town.video}`)).bytes()
      const expected = { id: town.video, mailbox: document.mailbox, nowMs: Date.now() }
      const { body } = orThrow(openHosts(cryptoNative, bytes, expected))
      return body.hosts.flatMap(({ payout }) => town.hosts.filter(({ account }) => account === payout))
    },
    gateOf({ url }) {
      const gate = gates.find(candidate => candidate.url === url)
      if (gate === undefined) throw new Error('a host without a gate')
      return gate
    },
    async headWei({ url }) {
      const { root, fee } = await reader.terms(town.video, 'cmaf' as FormatName)
      const cid = cidFromRoot(root)
      const car = await (await fetch(`${url}/paratii/1/head/${cid}`)).bytes()
      const { leaves } = orThrow(await decodeHead(cid, car, sha256))
      return fee * BigInt([...leaves.values()].reduce((sum, { length }) => sum + length, 0))
    },
    async openViewer(ptiWei, profile) {
      const browser = await openBrowser(profile)
      const wallet = await setUpWallet(browser, { password, network: chain })
      if (ptiWei > 0n) await chain.faucet(wallet.address, ptiWei)
      return { browser, wallet }
    },
    openBrowser,
    async stop() {
      for (const browser of browsers) await browser.close()
      await site.stop()
      await town.stop()
      for (const gate of gates) await gate.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Changes one byte of each large block that a host keeps, or of one in so many, behind its back; done again it makes
 * them good. How many.
 */
export async function spoilBlocks({ command }: Townsman, oneIn = 1): Promise<number> {
  const folder = join(command.home, 'data/host/blocks')
  let seen = 0
  let spoilt = 0
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name)
    const { size } = await stat(path)
    if (!/bafk/.test(name) || size < 100_000 || seen++ % oneIn !== 0) continue
    const file = await open(path, 'r+')
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 50_000)
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 50_000)
    await file.close()
    spoilt++
  }
  return spoilt
}
