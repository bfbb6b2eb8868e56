import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPti, parsePti, parseWei, ptiFromWei, textFromWei, weiPerPti } from './amount.ts'

describe('an amount', () => {
  it('goes through text and back, in base units and in PTI', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), amountWei => {
        expect(parseWei(textFromWei(amountWei))).toBe(amountWei)
        expect(parsePti(ptiFromWei(amountWei))).toBe(amountWei)
      }),
    )
  })

  it.each(['', '-1', '+1', '01', '1.0', '1e3', ' 1', '0x1', '١', '9'.repeat(79)])(
    'is not %j base units',
    text => {
      expect(parseWei(text)).toBeUndefined()
    },
  )

  it.each(['', '.5', '5.', '-1', '01', '1,5', '1e3', '0.0000000000000000001', '1 ', 'PTI'])(
    'is not %j PTI',
    text => {
      expect(parsePti(text)).toBeUndefined()
    },
  )

  it('is written by people in PTI', () => {
    expect(parsePti('0.25')).toBe(weiPerPti / 4n)
    expect(parsePti('21000000')).toBe(21_000_000n * weiPerPti)
    expect(parsePti('0.000000000000000001')).toBe(1n)
  })

  it('keeps its sign', () => {
    expect(ptiFromWei(-weiPerPti / 2n)).toBe('-0.5')
    expect(formatPti(-weiPerPti / 2n)).toBe('-0.5')
    expect(formatPti(-1n)).toBe('-0.000000000000000001')
  })
})

describe('an amount as people read it', () => {
  it.each([
    ['0', '0'],
    ['1', '1'],
    ['21000000', '21000000'],
    ['1.23456789', '1.2345'],
    ['1.00001', '1'],
    ['12.5', '12.5'],
    ['0.02', '0.02'],
    ['0.99999', '0.9999'],
    ['0.000012345678', '0.00001234'],
    ['0.000000000000000001', '0.000000000000000001'],
  ])('%s PTI is shown as %s', (pti, shown) => {
    expect(formatPti(parsePti(pti) ?? -1n)).toBe(shown)
  })

  it('is never more than there is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), amountWei => {
        const shown = parsePti(formatPti(amountWei)) ?? -1n
        expect(shown <= amountWei).toBe(true)
        expect(amountWei - shown <= weiPerPti / 10_000n).toBe(true)
      }),
    )
  })
})
