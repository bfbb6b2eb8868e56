import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApprovalWindow } from '#devnet/pages/approval.ts'
import { PlayerFrame } from '#devnet/pages/player.ts'
import { PopupPage } from '#devnet/pages/popup.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import type { FormatName } from '#std/brand.ts'
import { type Market, oneHundredPti, openMarket, type Viewer } from './market.ts'

type Told = { value?: unknown; code?: number; message?: string }
/** What a page sees of `window.paratii`. */
type Reach = {
  ipfs: { fetch(cid: string, options: { path: string }): Promise<Response> }
  player(tag: Element | null): Record<string, (seconds?: number) => Promise<unknown>>
}

describe('a page that reaches further, as far as it was allowed to', () => {
  let market: Market
  let viewer: Viewer
  let page: Page
  beforeAll(async () => {
    market = await openMarket()
    viewer = await market.openViewer(oneHundredPti)
    page = await viewer.browser.context.newPage()
    await page.goto(market.site.url)
  })
  afterAll(() => market?.stop())

  const read = (cid: string, path: string): Promise<Told> =>
    page.evaluate(
      ([root, name]) =>
        (window as unknown as { paratii: Reach }).paratii.ipfs
          .fetch(String(root), { path: String(name) })
          .then(response => response.text())
          .then(
            value => ({ value }),
            error => ({ code: error.code, message: error.message }),
          ),
      [cid, path] as const,
    )
  const steer = (action: string, seconds?: number): Promise<Told> =>
    page.evaluate(
      ([name, to]) => {
        const reach = (window as unknown as { paratii: Reach }).paratii
        const tag = document.querySelector('paratii-player')
        return (
          reach.player(tag)[String(name)]?.(to === null ? undefined : Number(to)) ?? Promise.reject()
        ).then(
          value => ({ value }),
          error => ({ code: error.code }),
        )
      },
      [action, seconds ?? null] as const,
    )

  it('reads what is free of a film by its hash, and nothing of what is sold', async () => {
    const { root } = await market.reader.terms(market.town.video, 'cmaf' as FormatName)
    const cid = cidFromRoot(root)
    const refused = read(cid, 'manifest.mpd')
    await (await ApprovalWindow.opened(viewer.browser)).answer(false)
    expect(await refused).toMatchObject({ code: 4001 })
    const allowed = read(cid, 'manifest.mpd')
    await (await ApprovalWindow.opened(viewer.browser)).answer(true)
    const manifest = String((await allowed).value)
    expect(manifest).toContain('<MPD')
    expect(manifest.trimEnd().endsWith('</MPD>')).toBe(true)
    expect(await read(cid, 'no-such-file')).toMatchObject({ message: 'This cannot be read (path-unknown).' })
    // The last segment of a rendition is in no head.
    const last = `${/<Representation[^>]* id="([^"]+)"/.exec(manifest)?.[1]}/9.m4s`
    expect(await read(cid, last)).toEqual({ code: -32001, message: 'This cannot be read (block-absent).' })
  })

  it('steers a film that the viewer started, and no other', async () => {
    const first = steer('state')
    await (await ApprovalWindow.opened(viewer.browser)).answer(true)
    expect(await first).toEqual({ code: -32000 })
    await page.bringToFront()
    const player = await PlayerFrame.in(page)
    await player.watch()
    await player.untilPlaying()
    expect((await steer('pause')).value).toMatchObject({ isPaused: true })
    expect((await steer('seek', 20)).value).toMatchObject({ isPaused: true, currentSeconds: 20 })
    expect((await steer('mute')).value).toMatchObject({ isMuted: true })
    await steer('play')
    await player.untilPlaying()
    const { value } = await steer('state')
    expect(value).toMatchObject({ isPaused: false, isMuted: true })
    expect((value as { currentSeconds: number }).currentSeconds).toBeGreaterThanOrEqual(20)
  })

  it('asks anew for what the person took back in the list of sites', async () => {
    const popup = await PopupPage.open(viewer.browser)
    await popup.takeBack(new URL(market.site.url).host, 'May play and pause')
    await page.bringToFront()
    const asked = steer('pause')
    await (await ApprovalWindow.opened(viewer.browser)).answer(false)
    expect(await asked).toEqual({ code: 4001 })
  })
})
