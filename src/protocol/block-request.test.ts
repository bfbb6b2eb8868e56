import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Hex, PublicKey } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import vectors from '../../test/vectors/block-request.json' with { type: 'json' }
import {
  blockTarget,
  checkRequestTime,
  maxLeafRanges,
  parseBlockTarget,
  recoverBlockRequest,
  signBlockTarget,
} from './block-request.ts'

const parse = (target: string) => {
  const parsed = parseBlockTarget(target)
  if (!parsed.ok) throw new Error(parsed.error.code)
  return parsed.value
}

describe.each(vectors)('a request for blocks: $name', vector => {
  const to = vector.to as PublicKey
  const signed = parse(vector.target)

  it('is written and signed as in its golden vector', () => {
    expect(blockTarget(signed.request)).toBe(vector.unsigned)
    expect(signBlockTarget(crypto, signed.request, to, bytesFromHex(vector.secret as Hex))).toBe(
      vector.target,
    )
  })

  it('tells who asks, and only the host it is for', () => {
    expect(recoverBlockRequest(crypto, signed, to)).toEqual({ ok: true, value: vector.signer })
    const elsewhere = recoverBlockRequest(crypto, signed, vector.signer as PublicKey)
    expect(elsewhere.ok && elsewhere.value === vector.signer).toBe(vector.signer === vector.to)
    const more = { ...signed, request: { ...signed.request, counter: signed.request.counter + 1 } }
    expect(recoverBlockRequest(crypto, more, to)).not.toEqual({ ok: true, value: vector.signer })
  })

  it('is refused two minutes off the clock', () => {
    const { request } = signed
    expect(checkRequestTime(request, request.time + 120_000).ok).toBe(true)
    expect(checkRequestTime(request, request.time - 120_001)).toMatchObject({
      error: { code: 'request-expired' },
    })
    expect(checkRequestTime(request, request.time + 120_001)).toMatchObject({
      error: { code: 'request-expired' },
    })
  })
})

describe('a request for blocks', () => {
  const target = vectors[0]?.target ?? ''
  const withLeaves = (leaves: string) => target.replace(/leaves=[^&]*/, `leaves=${leaves}`)

  it.each([
    ['no query', '/paratii/1/blocks'],
    ['another path', target.replace('blocks', 'block')],
    ['fields in another order', target.replace(/(root=[^&]*)&(leaves=[^&]*)/, '$2&$1')],
    ['a field twice', `${target}&counter=1`],
    ['a newer field', `${target}&x=1`],
    ['no signature', target.replace(/&sig=.*/, '')],
    ['a signature cut short', target.slice(0, -2)],
    ['a percent sign', target.replace('0x', '%30x')],
    ['a time with a sign', target.replace(/time=/, 'time=-')],
    ['a time too large', target.replace(/time=\d+/, 'time=9007199254740993')],
    ['a root that is none', target.replace(/root=b/, 'root=c')],
    ['no leaves', withLeaves('')],
    ['a range that goes down', withLeaves('9-3')],
    ['a range without an end', withLeaves('3-')],
    ['a range of one, written as two', withLeaves('3-3')],
    ['a range of three', withLeaves('1-2-3')],
    ['a leaf with a leading zero', withLeaves('03')],
    ['a leaf too far', withLeaves('16777216')],
    ['too many ranges', withLeaves(Array.from({ length: maxLeafRanges + 1 }, (_, i) => i).join(','))],
    ['too long a line', `${target}${'&'.repeat(9000)}`],
  ])('with %s is refused', (_, wrong) => {
    expect(parseBlockTarget(wrong)).toMatchObject({ ok: false, error: { code: 'request-malformed' } })
  })

  it('may ask for as many ranges as its limit', () => {
    const most = Array.from({ length: maxLeafRanges }, (_, i) => i).join(',')
    expect(parse(withLeaves(most)).request.leaves).toHaveLength(maxLeafRanges)
  })
})
