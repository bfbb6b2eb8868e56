import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Hex } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, concatBytes, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/signed.json' with { type: 'json' }
import { sha256 } from './hash.ts'
import { identityOf } from './signature.ts'
import {
  decodeSigned,
  digestSigned,
  openSigned,
  recoverText,
  signContent,
  signedOverhead,
  signRecoverableText,
  signText,
  verifyText,
} from './signed.ts'

const secretKey = new Uint8Array(32).fill(5)
const { publicKey } = identityOf(crypto, secretKey)
const content = signContent(crypto, bytesFromUtf8('hello'), secretKey)
const changed = (at: number): Uint8Array => {
  const bytes = content.slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

describe('signed content', () => {
  it.each(vectors)('is made and opened as in its golden vector ($name)', vector => {
    const data = bytesFromHex(vector.data as Hex)
    expect(hexFromBytes(digestSigned(data))).toBe(vector.digest)
    expect(hexFromBytes(signContent(crypto, data, bytesFromHex(vector.secret as Hex)))).toBe(vector.signed)
    const opened = openSigned(crypto, bytesFromHex(vector.signed as Hex))
    expect(opened).toMatchObject({ ok: true, value: { publicKey: vector.publicKey, data } })
  })

  it('is hashed as a Bitcoin Signed Message, whatever its length', () => {
    const magic = bytesFromUtf8('\x18Bitcoin Signed Message:\n')
    const expected = (varint: readonly number[], data: Uint8Array) =>
      sha256(sha256(concatBytes(magic, Uint8Array.from(varint), data)))
    for (const [length, varint] of [
      [0, [0]],
      [252, [252]],
      [253, [253, 253, 0]],
      [65_535, [253, 255, 255]],
      [65_536, [254, 0, 0, 1, 0]],
    ] as const) {
      const data = new Uint8Array(length)
      expect(digestSigned(data)).toEqual(expected(varint, data))
    }
  })

  it.each([
    ['a byte of its data changed', changed(signedOverhead), 'signed-invalid'],
    ['a byte of its signature changed', changed(60), 'signed-invalid'],
    ['a byte of its key changed', changed(20), 'signed-invalid'],
    ['another kind of key', concatBytes(Uint8Array.of(4), content.subarray(1)), 'signed-malformed'],
    ['a wrong length', changed(100), 'signed-malformed'],
    ['a byte too many', concatBytes(content, Uint8Array.of(0)), 'signed-malformed'],
    ['its data missing', content.subarray(0, 50), 'signed-malformed'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(openSigned(crypto, bytes)).toMatchObject({ ok: false, error: { code } })
  })

  it('is parsed without being trusted', () => {
    expect(decodeSigned(changed(60))).toMatchObject({ ok: true, value: { publicKey } })
  })
})

describe('a detached signature over a document', () => {
  const document = { type: 'test', to: publicKey, amount: 5n }

  it('is verified with its key, and with no other document or key', () => {
    const signature = signText(crypto, document, secretKey)
    expect(verifyText(crypto, document, signature, publicKey)).toBe(true)
    expect(verifyText(crypto, { ...document, amount: 6n }, signature, publicKey)).toBe(false)
    const other = identityOf(crypto, new Uint8Array(32).fill(6)).publicKey
    expect(verifyText(crypto, document, signature, other)).toBe(false)
  })

  it('tells who signed it, where it is recoverable', () => {
    const signature = signRecoverableText(crypto, document, secretKey)
    expect(recoverText(crypto, document, signature)).toBe(publicKey)
    expect(recoverText(crypto, { ...document, to: 'x' }, signature)).not.toBe(publicKey)
  })
})
