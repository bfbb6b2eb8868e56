import { expect, it } from 'vitest'
import { fundingLink } from './funding-link.ts'

it('names the address to whom gives PTI, beside what its URL says already', () => {
  expect(fundingLink('http://127.0.0.1:9/', '0xab')).toBe('http://127.0.0.1:9/?address=0xab')
  expect(fundingLink('https://a.example/f?x=1#y', '0xab')).toBe('https://a.example/f?x=1&address=0xab#y')
})
