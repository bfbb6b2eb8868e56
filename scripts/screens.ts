/**
 * Takes the README's pictures from the running extension: a real purchase on a market of this machine.
 *
 *   npm run screens        writes docs/screens/*.png
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { oneHundredPti, openMarket } from '../test/e2e/market.ts'

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
} finally {
  await market.stop()
}
