import { describe, expect, it } from 'vitest'
import { bytesFromUtf8 } from '#std/bytes.ts'
import { canonicalText, decodeJson, encodeJson } from './json.ts'

const decode = (text: string, maxBytes = 1000) => decodeJson(bytesFromUtf8(text), maxBytes)
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('canonical JSON', () => {
  it('is what RFC 8785 shows', () => {
    // RFC 8785, section 3.2.2 and 3.2.3, and numbers of appendix B.
    expect(
      canonicalText({
        numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
        literals: [null, true, false],
      }),
    ).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
    const sorted = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    expect(Object.values(JSON.parse(canonicalText(sorted)))).toHaveLength(7)
    expect([...canonicalText(sorted).matchAll(/:"([^"]+)"/g)].map(match => match[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
    expect(
      canonicalText([-0, Number('9007199254740993'), 5e-324, 1.7976931348623157e308, 1e21, 0.000001]),
    ).toBe('[0,9007199254740992,5e-324,1.7976931348623157e+308,1e+21,0.000001]')
  })

  it('writes amounts as decimal text, and leaves out what is absent', () => {
    expect(canonicalText({ fee: 10n ** 20n, receipt: undefined })).toBe('{"fee":"100000000000000000000"}')
  })

  it('is read back', () => {
    expect(decodeJson(encodeJson({ b: [1, 'é'], a: null }), 100)).toEqual({
      ok: true,
      value: { a: null, b: [1, 'é'] },
    })
  })

  it.each([
    ['fields in another order', '{"b":1,"a":2}'],
    ['a field twice', '{"a":1,"a":1}'],
    ['white space', '{"a": 1}'],
    ['another spelling of a number', '[1.0]'],
    ['another spelling of a text', '["\\u0041"]'],
    ['a lone surrogate', '["\\ud800"]'],
    ['something behind it', '1 2'],
    ['no value', ''],
    ['half a value', '{"a":'],
    ['too great a depth', nested(9)],
  ])('with %s is refused', (_, text) => {
    expect(decode(text)).toMatchObject({ ok: false, error: { code: 'message-malformed' } })
  })

  it('is refused when it is not UTF-8, or begins with a mark', () => {
    expect(decodeJson(Uint8Array.of(0x22, 0xff, 0x22), 10)).toMatchObject({ ok: false })
    expect(decodeJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31), 10)).toMatchObject({ ok: false })
  })

  it('may be as deep as its limit, and may show brackets in texts', () => {
    expect(decode(nested(8)).ok).toBe(true)
    expect(decode('["[[[[[[[[[[[[[[","\\"[[[[[[[[[[[[["]').ok).toBe(true)
  })

  it('is not even looked at above its length', () => {
    expect(decode('[1]', 2)).toMatchObject({ error: { code: 'message-too-long' } })
  })

  it('is never made of what JSON has not', () => {
    expect(() => encodeJson(undefined)).toThrow(RangeError)
    expect(() => encodeJson([Number.NaN])).toThrow()
    expect(() => encodeJson('\ud800')).toThrow()
  })
})
