import { describe, expect, it } from 'vitest'
import { parseAsked, parseView } from './asked.ts'

const video = `0x${'ab'.repeat(32)}`
const asked = (query: Record<string, string>) => parseAsked(new URLSearchParams(query))

describe('what a tag asks of the player', () => {
  it('is a video in the usual format, unless it says another', () => {
    expect(asked({ video })).toEqual({ video, format: 'cmaf' })
    expect(asked({ video, format: 'auto' })).toMatchObject({ format: 'cmaf' })
    expect(asked({ video: video.toUpperCase().replace('0X', '0x'), format: 'webm' })).toEqual({
      video,
      format: 'webm',
    })
  })

  it('has a limit in PTI, or in base units when the extension wrote it', () => {
    expect(asked({ video, 'price-max': '0.25' })).toMatchObject({ priceMaxWei: 250_000_000_000_000_000n })
    expect(asked({ video, 'price-max-wei': '7' })).toMatchObject({ priceMaxWei: 7n })
  })

  it('names who gets the share of sites', () => {
    const affiliate = `0x${'Ab'.repeat(20)}`
    expect(asked({ video, affiliate })).toMatchObject({ affiliate: affiliate.toLowerCase() })
  })

  it.each([
    [{}],
    [{ video: '' }],
    [{ video: '0x12' }],
    [{ video, format: 'NO SUCH' }],
    [{ video, 'price-max': 'cheap' }],
    [{ video, 'price-max': '-1' }],
    [{ video, affiliate: 'me' }],
    [{ video, affiliate: '' }],
    [{ video, element: 'x' }],
  ])('is nothing when it makes no sense: %j', query => {
    expect(asked(query as Record<string, string>)).toBeUndefined()
  })
})

describe('how a tag wants its video shown', () => {
  it('is read as HTML reads it', () => {
    expect(parseView('#muted=&controls=false', false)).toEqual({
      poster: undefined,
      muted: true,
      loop: false,
      controls: true,
    })
    expect(parseView('', false).controls).toBe(false)
    expect(parseView('', true).controls).toBe(true)
  })

  it('takes a poster from the web alone', () => {
    const poster = (url: string) => parseView(`#${new URLSearchParams({ poster: url })}`, false).poster
    expect(poster('https://a.example/p.jpg')).toBe('https://a.example/p.jpg')
    for (const url of ['p.jpg', 'javascript:alert(1)', 'chrome://settings', 'data:text/html,x'])
      expect(poster(url)).toBeUndefined()
  })
})
