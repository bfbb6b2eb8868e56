import { describe, expect, it } from 'vitest'
import { durationText, megabytesText, shortAddress } from './short-text.ts'

describe('short texts', () => {
  it('write a length as players do', () => {
    expect([0, 41, 60, 252, 3723].map(durationText)).toEqual(['0:00', '0:41', '1:00', '4:12', '1:02:03'])
  })

  it('write bytes in megabytes, never more than there are once they are many', () => {
    expect([0, 1_926_941, 31_999_999].map(megabytesText)).toEqual(['0.0', '1.9', '31'])
  })

  it('keep both ends of an address', () => {
    expect(shortAddress(`0x7099${'0'.repeat(32)}79c8`)).toBe('0x7099…79c8')
  })
})
