import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright'

export interface BrowserOptions {
  /** Folder of the built, unpacked extension. */
  extension: string
  /** Path of Chromium. */
  executable: string
  headless: boolean
  /** A profile to keep; without one a fresh profile is made, and removed on close. */
  profile?: string
  /** More switches for Chromium. */
  switches?: readonly string[]
}

export interface Browser {
  context: BrowserContext
  /** The extension's id, the host part of its own pages. */
  extensionId: string
  /** Address of one of the extension's own pages, such as `popup.html`. */
  pageUrl(path: string): string
  close(): Promise<void>
}

/** A Chromium that talks to nobody unasked, with the built extension loaded and its service worker up. */
export async function launchBrowser(options: BrowserOptions): Promise<Browser> {
  const profile = options.profile ?? (await mkdtemp(join(tmpdir(), 'paratii-profile-')))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: options.executable,
    headless: options.headless,
    viewport: { width: 1100, height: 900 },
    args: [
      ...(options.headless ? ['--headless=new'] : []),
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--mute-audio',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
      `--disable-extensions-except=${options.extension}`,
      `--load-extension=${options.extension}`,
      ...(options.switches ?? []),
    ],
    ignoreDefaultArgs: ['--disable-extensions'],
  })
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
  const extensionId = new URL(worker.url()).host
  return {
    context,
    extensionId,
    pageUrl: path => `chrome-extension://${extensionId}/${path}`,
    close: async () => {
      await context.close()
      if (options.profile === undefined) await rm(profile, { recursive: true, force: true })
    },
  }
}
