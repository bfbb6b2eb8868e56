import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { wireOf } from '#bridge/wire.ts'
import type { Browser } from '#devnet/browser.ts'
import { nowMs } from './screen-facts.ts'
import type { ScreenState } from './screen-list.ts'

export const languages = ['en', 'de'] as const
export const schemes = ['light', 'dark'] as const
export type Look = { language: (typeof languages)[number]; scheme: (typeof schemes)[number] }

const sizes = {
  popup: { width: 360, height: 600 },
  onboarding: { width: 900, height: 900 },
  player: { width: 720, height: 430 },
}
const paths = { popup: 'popup.html', onboarding: 'tabs/onboarding.html', player: 'tabs/player.html' }

type Texts = Record<string, { message: string }>
const readTexts = async (language: string): Promise<Texts> =>
  JSON.parse(
    await readFile(join(import.meta.dirname, `../../assets/_locales/${language}/messages.json`), 'utf8'),
  )

/**
 * Shows a screen as it is built, in front of a background that says what the state needs; the page itself does not know.
 * `see` looks at it, then it is closed.
 */
export async function showScreen(
  browser: Browser,
  state: ScreenState,
  look: Look,
  see: (page: Page) => Promise<void>,
): Promise<void> {
  const texts = await readTexts(look.language)
  const page = await browser.context.newPage()
  page.setDefaultTimeout(5_000)
  try {
    await page.emulateMedia({ colorScheme: look.scheme, reducedMotion: 'reduce' })
    await page.setViewportSize(sizes[state.page])
    await page.clock.setFixedTime(nowMs)
    await page.addInitScript(standIn, {
      told: state.told === undefined ? null : wireOf(state.told),
      answers: wireOf(state.answers ?? {}) as Record<string, object>,
      texts,
      language: look.language,
    })
    await page.goto(browser.pageUrl(`${paths[state.page]}${state.query ?? ''}`))
    await page.locator('main').waitFor()
    await state.lead?.(page, key => texts[key]?.message ?? key)
    await see(page)
  } catch (cause) {
    throw new Error(`${state.name} in ${look.language}, ${look.scheme}`, { cause })
  } finally {
    await page.close()
  }
}

type Given = { told: unknown; answers: Record<string, object>; texts: Texts; language: string }

/** Runs in the page before its own scripts, in the place of the background and of the browser's language. */
function standIn({ told, answers, texts, language }: Given): void {
  const port = {
    onMessage: {
      addListener(listen: (message: unknown) => void) {
        if (told !== null) queueMicrotask(() => listen(told))
      },
    },
    onDisconnect: { addListener: () => undefined },
    postMessage: () => undefined,
    disconnect: () => undefined,
  }
  const away = { ok: false, error: { code: 'chain-unreachable', details: {} } }
  Object.assign(chrome.runtime, {
    connect: () => port,
    async sendMessage({ request }: { request: string }) {
      const answer = answers[request]
      if (answer === undefined) return away
      return 'code' in answer
        ? { ok: false, error: { code: answer.code, details: {} } }
        : { ok: true, ...answer }
    },
  })
  Object.assign(chrome.i18n, {
    getUILanguage: () => language,
    getMessage: (key: string, parts: string[] = []) =>
      (texts[key]?.message ?? '').replace(/\$(\d)/g, (_, digit) => parts[Number(digit) - 1] ?? ''),
  })
}
