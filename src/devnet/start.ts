/**
 * The demo: a market on this machine, a site that embeds the tag, and Chromium with the built extension and a wallet.
 *
 *   npm start                    opens a window where there is a display, else says where to look
 *   npm start -- --clip FILE     sells that file in place of the generated clip
 *   npm start -- --newcomer      leaves it to you to make the wallet
 *   npm start -- --once          plays it without a window, says what was verified and paid, and ends
 */
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Shutdown } from '#daemon/shutdown.ts'
import { formatPti } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'
import { errorFrom, ParatiiError, textOf } from '#std/error.ts'
import { findTools } from '../../scripts/find-tools.mjs'
import { launchBrowser } from './browser.ts'
import { makeDemoClip } from './clip.ts'
import { faucetGift } from './faucet.ts'
import { onboardingPath, setUpWallet } from './pages/onboarding.ts'
import { PlayerFrame } from './pages/player.ts'
import { serveSite } from './site.ts'
import { startTown } from './town.ts'

const root = resolve(import.meta.dirname, '../..')
const extension = join(root, 'build/chrome-mv3-prod')
const tagScript = join(root, 'build/player/paratii-player.js')
const password = 'harbour at dawn'
const watchSeconds = 5

const say = (line: string): void => console.log(line)

interface Wishes {
  clip?: string
  once: boolean
  newcomer: boolean
}

async function runDemo({ clip, once, newcomer }: Wishes, shutdown: Shutdown): Promise<void> {
  if (clip !== undefined)
    await access(clip).catch(() => Promise.reject(new ParatiiError('file-absent', { file: clip })))
  const tools = findTools()
  if ('advice' in tools) throw new ParatiiError('tool-absent', { advice: tools.advice })
  const isShown = !once && Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY)

  const folder = await mkdtemp(join(tmpdir(), 'paratii-demo-'))
  shutdown.add('folder', () => rm(folder, { recursive: true, force: true }))
  if (clip === undefined) say('Making a clip: 60 s of moving picture and sound (kept for the next time)')
  const film = clip ?? (await makeDemoClip({ cacheFolder: join(root, '.cache'), signal: shutdown.signal }))
  const title = clip === undefined ? 'Harbour at dawn' : basename(clip, extname(clip))
  const town = await startTown({ folder, film, title, hosts: 2, onStep: say })
  shutdown.add('town', () => town.stop())
  const give = async (address: string): Promise<string> => {
    await town.chain.faucet(address.toLowerCase() as Address, faucetGift.ptiWei)
    return `${formatPti(faucetGift.ptiWei)} PTI sent.`
  }
  const site = await serveSite({ video: town.video, title, tagScript, faucet: give })
  shutdown.add('site', () => site.stop())

  const browser = await launchBrowser({ extension, executable: tools.paths.chromium, headless: !isShown })
  shutdown.add('browser', () => browser.close())
  const { chain } = town
  const place = { network: chain, name: 'devnet', fundingUrl: site.url }
  if (newcomer) {
    const page = await browser.context.newPage()
    await page.goto(browser.pageUrl(onboardingPath(place)))
    say('Make a wallet in the window; its last page leads to test PTI and the film. Ctrl-C ends it all.')
    browser.context.once('close', () => shutdown.request())
    return shutdown.requested()
  }
  const wallet = await setUpWallet(browser, { password, ...place })
  await give(wallet.address)
  await wallet.page.goto(site.url)
  await wallet.page.bringToFront()
  say(`Wallet      ${wallet.address}, its password: ${password}`)
  say(`Chain       ${chain.chainId} at ${chain.rpcUrl}, registry ${chain.registry}`)
  say(`Video       ${town.video}`)
  say(`Page        ${site.url}`)

  const player = await PlayerFrame.in(wallet.page)
  if (!once) {
    say(
      isShown
        ? 'Press the button in the window. Ctrl-C ends it all.'
        : 'No display here. Ctrl-C ends it all.',
    )
    browser.context.once('close', () => shutdown.request())
    return shutdown.requested()
  }
  await player.watch()
  await player.untilPlaying()
  const { frames } = await player.countFrames(watchSeconds)
  const { verifiedBytes, paidWei, hosts } = await player.meter()
  say(`Played ${watchSeconds} s: ${frames} frames shown`)
  say(`Verified ${(verifiedBytes / 1e6).toFixed(1)} MB by hash, from ${hosts} host${hosts === 1 ? '' : 's'}`)
  say(`Paid ${formatPti(paidWei)} PTI by signed receipts`)
}

const { values } = parseArgs({
  options: {
    clip: { type: 'string' },
    once: { type: 'boolean', default: false },
    newcomer: { type: 'boolean', default: false },
  },
})
const shutdown = new Shutdown({ onError: (name, error) => say(`${name}: ${textOf(error.code)}`) })
try {
  await runDemo(values, shutdown)
} catch (thrown) {
  const error = errorFrom(thrown)
  if (error.code !== 'aborted') {
    console.error(`${textOf(error.code)} ${Object.values(error.details).join(' ')}`)
    if (error.code === 'fault') console.error(thrown)
    process.exitCode = 1
  }
}
if (!(await shutdown.close())) process.exitCode = 1
