import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectDevtools, type Devtools } from './devtools.ts'

export type ChromiumOptions = {
  readonly executable: string
  /** Folder of the built, unpacked extension; none for a browser without. */
  readonly extension: string | undefined
  /** Folder for the profile; its path also marks the processes that are ours. */
  readonly profile: string
}

export type Chromium = {
  readonly devtools: Devtools
  /** Of the browser's first process. */
  readonly pid: number
  /** Address of one of the extension's own pages, such as `popup.html`. */
  pageUrl(path: string): string
  stop(): Promise<void>
}

const startsWithinMs = 30_000
const endsWithinMs = 5_000
const pollMs = 50

/** A headless Chromium with the extension, steered over its debugging port alone. */
export const startChromium = async (options: ChromiumOptions): Promise<Chromium> => {
  const { executable, extension, profile } = options
  const child = spawn(
    executable,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--mute-audio',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      '--disable-background-timer-throttling',
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
      ...(extension === undefined
        ? []
        : [`--disable-extensions-except=${extension}`, `--load-extension=${extension}`]),
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: 'ignore', detached: true },
  )
  const ended = once(child, 'exit')
  let devtools: Devtools | undefined
  const stop = async (): Promise<void> => {
    await devtools?.end()
    const timer = setTimeout(() => killGroup(child), endsWithinMs)
    await ended
    clearTimeout(timer)
    // Helpers that outlive the browser hold files of the profile.
    killGroup(child)
  }
  try {
    devtools = await connectDevtools(await findAddress(profile))
    const id = extension === undefined ? '' : await findExtension(devtools)
    return { devtools, pid: child.pid ?? 0, pageUrl: path => `chrome-extension://${id}/${path}`, stop }
  } catch (thrown) {
    killGroup(child)
    throw thrown
  }
}

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

/** Chromium writes port and path of its debugging endpoint into its profile. */
const findAddress = (profile: string): Promise<string> =>
  until('the debugging port', async () => {
    const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '')
    const [port, path] = text.split('\n')
    return path === undefined ? undefined : `ws://127.0.0.1:${port}${path}`
  })

const findExtension = (devtools: Devtools): Promise<string> =>
  until('the extension', async () => {
    const targets = await devtools.targets()
    const worker = targets.find(
      ({ type, url }) => type === 'service_worker' && url.startsWith('chrome-extension:'),
    )
    return worker === undefined ? undefined : new URL(worker.url).host
  })

const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
  for (const startedAt = performance.now(); ; ) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() - startedAt > startsWithinMs) throw new Error(`Chromium did not show ${what}`)
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}
