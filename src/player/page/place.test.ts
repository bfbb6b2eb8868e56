import { expect, it } from 'vitest'
import { placeOf } from './place.ts'

const [site, advertiser] = ['https://a.example', 'https://ads.example']

it('is the site in the address bar, and says whether only the site itself is around the player', () => {
  expect(placeOf([site])).toEqual({ origin: site, isDirect: true })
  expect(placeOf([site, site])).toEqual({ origin: site, isDirect: true })
  expect(placeOf([advertiser, site])).toEqual({ origin: site, isDirect: false })
  expect(placeOf([site, advertiser, site])).toEqual({ origin: site, isDirect: false })
})

it('is no site in a tab of its own, nor where the site has no origin', () => {
  for (const ancestors of [[], ['null'], ['chrome-extension://abc']])
    expect(placeOf(ancestors)).toBeUndefined()
})
