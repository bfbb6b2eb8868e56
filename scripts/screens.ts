/**
 * Takes the README's pictures from the running extension, by a real purchase on a market of this machine, and one of
 * every screen in every state, light and dark, in two languages.
 *
 *   npm run screens        writes docs/screens
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { oneHundredPti, openMarket } from '../test/e2e/market.ts'
import { screenList } from '../test/e2e/screen-list.ts'
import { languages, schemes, showScreen } from '../test/e2e/screen-stage.ts'

const folder = join(import.meta.dirname, '../docs/screens')
await mkdir(folder, { recursive: true })
const market = await openMarket()
try {
  const { browser } = await market.openViewer(oneHundredPti)
  const page = await browser.context.newPage()
  await page.setViewportSize({ width: 920, height: 720 })
  await page.goto(market.site.url)
  const player = await PlayerFrame.in(page)
  await player.watchButton.waitFor()
  await page.screenshot({ path: join(folder, 'price.png') })
  await player.watch()
  await player.untilPlaying()
  await player.countFrames(6)
  await page.screenshot({ path: join(folder, 'player.png') })
  for (const colorScheme of ['light', 'dark'] as const) {
    const popup = await PopupPage.open(browser)
    await popup.page.emulateMedia({ colorScheme })
    await popup.page.getByTestId('spending-paid').waitFor()
    await popup.page.screenshot({ path: join(folder, `popup-${colorScheme}.png`) })
    await popup.page.close()
  }
  for (const language of languages)
    for (const scheme of schemes) {
      const place = join(folder, `${language}-${scheme}`)
      await mkdir(place, { recursive: true })
      for (const state of screenList)
        await showScreen(browser, state, { language, scheme }, async shown => {
          await shown.screenshot({ path: join(place, `${state.name}.png`), animations: 'disabled' })
        })
    }
} finally {
  await market.stop()
}
