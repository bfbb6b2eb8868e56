import { cp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { makeDemoClip } from '#devnet/clip.ts'
import { startTown, type Town } from '#devnet/town.ts'
import { weiPerPti } from '#std/amount.ts'
import { packageMedia } from '#transcode/package.ts'
import { probeFile } from '#transcode/probe.ts'
import { ladderFor } from '#transcode/rendition.ts'
import { findMediaTools } from '#transcode/tools.ts'
import { extensionFolder } from '../plasmo.config.ts'
import { findTool } from '../scripts/find-tools.mjs'
import { type Chromium, startChromium } from './chromium.ts'
import { type DelayProxy, type Line, startDelayProxy } from './delay-proxy.ts'
import { startServer } from './server-process.ts'
import { publishFilmFolder } from './synthetic-film.ts'
import { makeWallet } from './viewer.ts'

/** Everything that a measurement of the start needs, running. Every socket of the browser goes over `line`. */
export type StartStage = {
  readonly line: Line
  readonly town: Town
  readonly chromium: Chromium
  /** The page that plays the same files by plain HTTP. */
  readonly plainUrl: string
  stop(): Promise<void>
}

export type StartOptions = {
  readonly folder: string
  readonly hosts: number
  readonly onStep: (text: string) => void
}

const clipSeconds = 20
const periodSeconds = 3600
const giftWei = 500n * weiPerPti

/** What a daemon is told, so that it listens behind two proxies and tells others of those. */
const listenBehind = async (role: 'PUBLISHER' | 'HOST', messages: DelayProxy, bytes: DelayProxy) => {
  const [messagePort, bytePort] = await findFreePorts(2)
  messages.setTarget(messagePort ?? 0)
  bytes.setTarget(bytePort ?? 0)
  return {
    [`PARATII_${role}_LISTEN`]: `/ip4/127.0.0.1/tcp/${messagePort}/ws`,
    [`PARATII_${role}_ANNOUNCE`]: `/ip4/127.0.0.1/tcp/${messages.port}/ws`,
    [`PARATII_${role}_HTTP_PORT`]: `${bytePort}`,
    [`PARATII_${role}_PUBLIC_URL`]: `http://127.0.0.1:${bytes.port}`,
  }
}

export const openStartStage = async ({ folder, hosts, onStep }: StartOptions): Promise<StartStage> => {
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  const line: Line = { roundTripMs: 0 }
  const proxy = async (target = 0): Promise<DelayProxy> => {
    const started = await startDelayProxy(line, target)
    closers.push(started.stop)
    return started
  }
  try {
    const executable = findTool('chromium')
    if (executable === undefined) throw new Error('Chromium is needed: install it, or set CHROMIUM_PATH')
    onStep(`Packaging a film of ${clipSeconds} s`)
    const tools = await findMediaTools()
    const source = await probeFile(await makeDemoClip({ seconds: clipSeconds }), tools)
    const film = await packageMedia(source, ladderFor(source), join(folder, 'packaging'), tools)
    const publisherEnv = await listenBehind('PUBLISHER', await proxy(), await proxy())
    const hostEnvs = await Promise.all(
      Array.from({ length: hosts }, async () => listenBehind('HOST', await proxy(), await proxy())),
    )
    const town = await startTown({
      folder,
      film: publishFilmFolder(film),
      hosts,
      periodSeconds,
      publisherEnv,
      hostEnv: n => hostEnvs[n - 1] ?? {},
      onStep,
    })
    closers.push(town.stop)
    await writePlainPage(film.folder)
    const plain = await startServer('plain-server.ts', film.folder)
    closers.push(plain.stop)
    const plainLine = await proxy(Number(new URL(plain.url).port))
    const chainLine = await proxy(Number(new URL(town.chain.rpcUrl).port))
    onStep('Starting Chromium, making a wallet')
    // A copy: who builds the extension anew meanwhile does not take it away from under the browser.
    const extension = join(folder, 'extension')
    await cp(join(import.meta.dirname, '..', extensionFolder), extension, { recursive: true })
    const chromium = await startChromium({ executable, extension, profile: join(folder, 'profile') })
    closers.push(chromium.stop)
    const network = { ...town.chain, rpcUrl: `http://127.0.0.1:${chainLine.port}` }
    await town.chain.faucet(await makeWallet(chromium, network), giftWei)
    return { line, town, chromium, plainUrl: `http://127.0.0.1:${plainLine.port}/plain.html`, stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

/** A page with the same player, set up in the same way, that reads the film's files by plain HTTP. */
const writePlainPage = async (folder: string): Promise<void> => {
  const vendor = join(import.meta.dirname, '..', extensionFolder, 'vendor')
  for (const name of ['shaka.js', 'shaka.css']) await cp(join(vendor, name), join(folder, name))
  await writeFile(
    join(folder, 'plain.html'),
    `<!doctype html><title>plain</title><link rel="stylesheet" href="shaka.css"><script src="shaka.js"></script>
<div><video playsinline></video></div><button data-testid="watch">play</button>`,
  )
}

const findFreePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      server =>
        new Promise<number>(resolve =>
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
          }),
        ),
    ),
  )
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
