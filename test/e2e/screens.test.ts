import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, launchBrowser } from '#devnet/browser.ts'
import { findTools } from '../../scripts/find-tools.mjs'
import { screenList } from './screen-list.ts'
import { languages, schemes, showScreen } from './screen-stage.ts'

const root = resolve(import.meta.dirname, '../..')
const looks = languages.flatMap(language => schemes.map(scheme => ({ language, scheme })))

describe('every screen in every state', () => {
  let browser: Browser
  let axe: string
  beforeAll(async () => {
    const tools = findTools()
    if ('advice' in tools) throw new Error(tools.advice)
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    browser = await launchBrowser({
      extension: join(root, 'build/chrome-mv3-prod'),
      executable: tools.paths.chromium,
      headless: true,
    })
  })
  afterAll(() => browser?.close())

  it.each(looks)('can be used by everybody, and fits: $language, $scheme', async look => {
    const found: string[] = []
    for (const state of screenList)
      await showScreen(browser, state, look, async page => {
        await page.evaluate(axe)
        const { violations, passes } = await page.evaluate(() =>
          (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
        )
        if (passes.length === 0) found.push(`${state.name}: nothing was looked at`)
        for (const { id, nodes } of violations)
          found.push(`${state.name}: ${id} ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
        const isWide = await page.evaluate(
          () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
        )
        if (isWide) found.push(`${state.name}: wider than its window`)
        const missing = await page.getByText(/\$\d|undefined|\[object/).count()
        if (missing > 0) found.push(`${state.name}: shows what is for programs`)
      })
    expect(found).toEqual([])
  })

  it('is looked at by something that finds what is wrong', async () => {
    const [first] = screenList
    if (first === undefined) throw new Error('no screens')
    await showScreen(browser, first, { language: 'en', scheme: 'light' }, async page => {
      await page.evaluate(() => document.body.append(document.createElement('button')))
      await page.evaluate(axe)
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      )
      expect(violations.map(({ id }) => id)).toContain('button-name')
    })
  })
})
