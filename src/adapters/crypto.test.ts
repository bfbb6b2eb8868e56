import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeCrypto } from './crypto.compliance.ts'
import { cryptoNative } from './crypto-native.ts'
import { cryptoNoble } from './crypto-noble.ts'

describeCrypto('noble', cryptoNoble)
describeCrypto('libsecp256k1', cryptoNative)

describe('the two adapters of secp256k1', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const secret = bytes(32).map(key => {
    key[0] = (key[0] ?? 0) & 0x7f
    key[31] = (key[31] ?? 0) | 1
    return key
  })

  it('give the same bytes for the same input', () => {
    fc.assert(
      fc.property(secret, secret, bytes(32), (a, b, digest) => {
        const publicKey = cryptoNative.publicKey(b)
        expect(cryptoNoble.publicKey(b)).toEqual(publicKey)
        const signature = cryptoNative.sign(digest, a)
        expect(cryptoNoble.sign(digest, a)).toEqual(signature)
        expect(cryptoNoble.ecdh(a, publicKey)).toEqual(cryptoNative.ecdh(a, publicKey))
        expect(cryptoNoble.uncompress(publicKey)).toEqual(cryptoNative.uncompress(publicKey))
      }),
      { numRuns: 20 },
    )
  })

  it('agree on whatever a peer may send', () => {
    fc.assert(
      fc.property(
        bytes(64),
        bytes(32),
        bytes(33),
        fc.constantFrom(0, 1),
        (signature, digest, key, parity) => {
          key[0] = 2 + parity
          expect(cryptoNoble.verify(signature, digest, key)).toBe(cryptoNative.verify(signature, digest, key))
          expect(cryptoNoble.uncompress(key)).toEqual(cryptoNative.uncompress(key))
          const recovery = parity === 0 ? 0 : 1
          expect(cryptoNoble.recover(signature, recovery, digest)).toEqual(
            cryptoNative.recover(signature, recovery, digest),
          )
        },
      ),
      { numRuns: 60 },
    )
  })
})
