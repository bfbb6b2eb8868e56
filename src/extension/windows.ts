import type { RequestParams } from '#bridge/contract.ts'
import { textFromWei } from '#std/amount.ts'

/** Opens one of our own pages outside the site's: nothing there can lie over it, or show something that looks like it. */
export async function showWindow(asked: RequestParams<'window-open'>): Promise<void> {
  if (asked.show === 'unlock' || asked.show === 'home') {
    const url = pageUrl(`popup.html?window=${asked.show}`)
    await chrome.windows.create({ url, type: 'popup', width: 376, height: 640 })
    return
  }
  if (asked.show === 'onboarding' || asked.show === 'restore') {
    const query = asked.show === 'restore' ? '?restore' : ''
    await chrome.tabs.create({ url: pageUrl(`tabs/onboarding.html${query}`) })
    return
  }
  const { video, format, priceMaxWei, affiliate } = asked.asked
  const query = new URLSearchParams({ video, format })
  if (priceMaxWei !== undefined) query.set('price-max-wei', textFromWei(priceMaxWei))
  if (affiliate !== undefined) query.set('affiliate', affiliate)
  await chrome.tabs.create({ url: pageUrl(`tabs/player.html?${query}`) })
}

const pageUrl = (path: string): string => chrome.runtime.getURL(path)
