import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { startTown, type Town } from '#devnet/town.ts'
import { weiPerPti } from '#std/amount.ts'
import { extensionFolder } from '../plasmo.config.ts'
import { findTool } from '../scripts/find-tools.mjs'
import { type Chromium, startChromium } from './chromium.ts'
import { pidOf, startServer } from './server-process.ts'
import { type Film, publishFilmFolder, writeFilm } from './synthetic-film.ts'
import { makeWallet } from './viewer.ts'

export type StageOptions = {
  readonly folder: string
  readonly mebibytes: number
  readonly hosts: number
  /** Says in words what is being done. */
  readonly onStep: (text: string) => void
}

/** Everything that a measurement needs, running. */
export type StreamStage = {
  readonly film: Film
  readonly town: Town
  /** Base URL of the bare server of the film's files. */
  readonly plainUrl: string
  readonly chromium: Chromium
  /** Processes to account for beside the browser's, by what they are. */
  readonly processes: Readonly<Record<string, number>>
  stop(): Promise<void>
}

/** Longer than a run lasts: no host may forget a purchase whose receipts are still to be added up. */
const periodSeconds = 3600
const giftWei = 500n * weiPerPti

/** Starts chain, publisher, hosts, bare server and browser; the browser's wallet is made and has PTI. */
export const openStage = async (options: StageOptions): Promise<StreamStage> => {
  const { folder, mebibytes, hosts, onStep } = options
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    const executable = findTool('chromium')
    if (executable === undefined) throw new Error('Chromium is needed: install it, or set CHROMIUM_PATH')
    onStep(`Writing ${mebibytes} MiB of random bytes`)
    const film = await writeFilm(join(folder, 'film'), mebibytes)
    const town = await startTown({
      folder,
      film: publishFilmFolder(film),
      hosts,
      periodSeconds,
      onStep,
    })
    closers.push(town.stop)
    const plain = await startServer('plain-server.ts', film.folder)
    closers.push(plain.stop)
    onStep('Starting Chromium, making a wallet')
    // A copy: who builds the extension anew meanwhile does not take it away from under the browser.
    const extension = join(folder, 'extension')
    await cp(join(import.meta.dirname, '..', extensionFolder), extension, { recursive: true })
    const chromium = await startChromium({ executable, extension, profile: join(folder, 'profile') })
    closers.push(chromium.stop)
    const account = await makeWallet(chromium, town.chain)
    await town.chain.faucet(account, giftWei)
    const processes = {
      'plain server': plain.pid,
      publisher: pidOf(town.publisher.process.process),
      ...Object.fromEntries(town.hosts.map((host, at) => [`host ${at + 1}`, pidOf(host.process.process)])),
    }
    return { film, town, plainUrl: plain.url, chromium, processes, stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}
