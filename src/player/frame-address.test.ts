import { describe, expect, it } from 'vitest'
import { cssSizeOf, frameAddress } from './frame-address.ts'

const page = 'chrome-extension://abc/tabs/player.html'
const addressOf = (attributes: Record<string, string>) =>
  new URL(frameAddress(page, 'e1', name => attributes[name] ?? null))

describe('the address of the player for a tag', () => {
  it('says what is played in its query, and how in its fragment', () => {
    const address = addressOf({ video: '0x1', 'price-max': '2', affiliate: '0x2', muted: '', loop: '' })
    expect([...address.searchParams]).toEqual([
      ['element', 'e1'],
      ['video', '0x1'],
      ['price-max', '2'],
      ['affiliate', '0x2'],
    ])
    expect(address.hash).toBe('#muted=&loop=')
  })

  it('changes in its fragment alone when only the view changes', () => {
    const [one, two] = [addressOf({ video: '0x1' }), addressOf({ video: '0x1', controls: '' })]
    expect(one.href.split('#')[0]).toBe(two.href.split('#')[0])
    expect(one.href).not.toBe(two.href)
  })

  it('holds what a page writes, and no more of it than an address should', () => {
    expect(addressOf({ video: '"><script>&x=#' }).searchParams.get('video')).toBe('"><script>&x=#')
    expect(addressOf({ video: 'x'.repeat(3000) }).searchParams.has('video')).toBe(false)
  })
})

describe('a size attribute', () => {
  it.each([
    ['640', '640px'],
    ['640px', '640px'],
    [' 50% ', '50%'],
    ['', ''],
    ['-1', ''],
    ['1em', ''],
    ['1;color:red', ''],
    [null, ''],
  ])('%j is the CSS size %j', (text, size) => {
    expect(cssSizeOf(text)).toBe(size)
  })
})
