import type { RequestParams } from '#bridge/contract.ts'
import { textFromWei } from '#std/amount.ts'

const popupSize = { width: 376, height: 640 } as const

/** Opens one of our own pages outside the site's: nothing there can lie over it, or show something that looks like it. Answers the id of a window. */
export async function showWindow(asked: RequestParams<'window-open'>): Promise<number | undefined> {
  if (
    asked.show === 'unlock' ||
    asked.show === 'home' ||
    asked.show === 'approval' ||
    asked.show === 'bids'
  ) {
    const url = pageUrl(`popup.html?window=${asked.show}`)
    return (await chrome.windows.create({ url, type: 'popup', ...popupSize }))?.id
  }
  if (asked.show === 'earner') {
    await chrome.tabs.create({ url: pageUrl('tabs/player.html?mode=attention') })
    return undefined
  }
  if (asked.show === 'onboarding' || asked.show === 'restore') {
    const query = asked.show === 'restore' ? '?restore' : ''
    await chrome.tabs.create({ url: pageUrl(`tabs/onboarding.html${query}`) })
    return undefined
  }
  const { video, format, priceMaxWei, affiliate } = asked.asked
  const query = new URLSearchParams({ video, format })
  if (priceMaxWei !== undefined) query.set('price-max-wei', textFromWei(priceMaxWei))
  if (affiliate !== undefined) query.set('affiliate', affiliate)
  await chrome.tabs.create({ url: pageUrl(`tabs/player.html?${query}`) })
  return undefined
}

const pageUrl = (path: string): string => chrome.runtime.getURL(path)
