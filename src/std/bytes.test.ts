import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hex } from './brand.ts'
import {
  bigintFromBytes,
  bytesFromBigint,
  bytesFromHex,
  bytesFromUint32,
  bytesFromUtf8,
  concatBytes,
  equalBytes,
  hexFromBytes,
  isHex,
  parseHex,
  parseUtf8,
  uint32At,
} from './bytes.ts'

describe('hex', () => {
  it('holds any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        const hex = hexFromBytes(bytes)
        expect(hex).toBe(`0x${Buffer.from(bytes).toString('hex')}`)
        expect(bytesFromHex(hex)).toEqual(bytes)
        expect(isHex(hex, bytes.length)).toBe(true)
      }),
    )
  })

  it.each(['', '0', '0X00', '0x0', '0xAB', '0xzz', 'ab', '0x00 ', '0x00\n', ' 0x00'])('is not %j', text => {
    expect(parseHex(text)).toBeUndefined()
    expect(isHex(text)).toBe(false)
    expect(() => bytesFromHex(text as Hex)).toThrow(RangeError)
  })

  it('of another length is not what was asked for', () => {
    expect(isHex('0x0011', 2)).toBe(true)
    expect(isHex('0x0011', 1)).toBe(false)
  })
})

describe('bytes', () => {
  it('are joined in order', () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).toEqual(
      Uint8Array.of(1, 2, 3),
    )
    expect(concatBytes()).toHaveLength(0)
  })

  it('are equal when each of them is', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false)
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true)
  })

  it('hold integers, the highest byte first', () => {
    expect(bytesFromUint32(0x01020304)).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect(uint32At(Uint8Array.of(0, 255, 255, 255, 255).subarray(1), 0)).toBe(2 ** 32 - 1)
    expect(bytesFromBigint(258n, 3)).toEqual(Uint8Array.of(0, 1, 2))
    expect(bigintFromBytes(Uint8Array.of(1, 2))).toBe(258n)
    expect(bigintFromBytes(new Uint8Array())).toBe(0n)
    expect(() => bytesFromBigint(256n, 1)).toThrow(RangeError)
    expect(() => bytesFromBigint(-1n, 1)).toThrow(RangeError)
  })

  it('hold text in UTF-8, and no other bytes are text', () => {
    expect(parseUtf8(bytesFromUtf8('é€😀'))).toBe('é€😀')
    expect(parseUtf8(Uint8Array.of(0xc3))).toBeUndefined()
    expect(parseUtf8(Uint8Array.of(0xed, 0xa0, 0x80))).toBeUndefined()
    expect(parseUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toBe('\ufeff1')
  })
})
