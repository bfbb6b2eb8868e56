import { describe, expect, it } from 'vitest'
import { contextOf } from './sender.ts'

const id = 'a'.repeat(32)
const origin = `chrome-extension://${id}`

describe('who sent a message', () => {
  it.each([
    ['/popup.html', 'popup'],
    ['/popup.html?window', 'popup'],
    ['/tabs/onboarding.html#phrase', 'onboarding'],
    ['/tabs/player.html?video=0x00', 'player'],
    ['/tabs/offscreen.html', 'offscreen'],
    ['/tabs/other.html', 'page'],
  ])('is told by the address of our own page: %s', (path, context) => {
    expect(contextOf({ id, origin, url: origin + path }, origin)).toBe(context)
  })

  it('is the site when a content script speaks, whatever path the site has', () => {
    expect(contextOf({ id, origin: 'https://a.example', url: 'https://a.example/popup.html' }, origin)).toBe(
      'page',
    )
    expect(contextOf({ id, origin: 'https://a.example', url: `${origin}/popup.html` }, origin)).toBe('page')
    expect(contextOf({ id, origin, url: 'https://a.example/popup.html' }, origin)).toBe('page')
    expect(contextOf({ id, url: `${origin}/popup.html` }, origin)).toBe('page')
    expect(contextOf({ id, origin, url: 'no address' }, origin)).toBe('page')
  })

  it('is nobody when another extension speaks', () => {
    const other = `chrome-extension://${'b'.repeat(32)}`
    expect(
      contextOf({ id: 'b'.repeat(32), origin: other, url: `${other}/popup.html` }, origin),
    ).toBeUndefined()
    expect(contextOf({}, origin)).toBeUndefined()
  })
})
