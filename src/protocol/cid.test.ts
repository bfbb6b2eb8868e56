import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import type { Cid } from '#std/brand.ts'
import { bytesFromCid, cidFromDigest, cidLength, decodeCid, digestFromCid, isCid } from './cid.ts'

const digest = Uint8Array.from({ length: 32 }, (_, i) => 255 - i)
const raw = cidFromDigest('raw', digest)

describe('a CID', () => {
  it('is what multiformats makes of it', () => {
    for (const cid of [raw, cidFromDigest('dag-pb', digest)]) {
      const parsed = CID.parse(cid)
      expect(parsed.toString()).toBe(cid)
      expect(bytesFromCid(cid)).toEqual(parsed.bytes)
      expect(bytesFromCid(cid)).toHaveLength(cidLength)
      expect(digestFromCid(cid)).toEqual(digest)
      expect(decodeCid(parsed.bytes)).toEqual({ ok: true, value: cid })
    }
  })

  it.each([
    ['of version 0', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'],
    ['in capitals', raw.toUpperCase()],
    ['with spare bits set', `${raw.slice(0, -1)}${String.fromCharCode(raw.charCodeAt(raw.length - 1) + 1)}`],
    ['of another codec', CID.createV1(0x71, CID.parse(raw).multihash).toString()],
    ['cut short', raw.slice(0, -1)],
    ['with a path', `../${raw}`],
    ['of nothing', ''],
  ])('%s is none of ours', (_, text) => {
    expect(isCid(text)).toBe(false)
  })

  it('of any other binary form is malformed', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(36), bytesFromCid(raw).subarray(1)]) {
      expect(decodeCid(bytes)).toMatchObject({ error: { code: 'cid-malformed' } })
    }
    expect(() => cidFromDigest('raw', digest.subarray(1))).toThrow(RangeError)
    expect(isCid(raw as Cid)).toBe(true)
  })
})
