import { describe, expect, it } from 'vitest'
import { bigintFromBytes, bytesFromBigint, bytesFromHex, concatBytes, hexFromBytes } from '#std/bytes.ts'
import type { Crypto } from '#std/ports/crypto.ts'

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const scalar = (value: bigint): Uint8Array => bytesFromBigint(value, 32)
const one = scalar(1n)
const secretKey = new Uint8Array(32).fill(0x11)
const digest = new Uint8Array(32).fill(0x22)

// From the curve's definition (SEC 2) and RFC 6979 with SHA-256 over digest 22…22 and key 11…11, as libsecp256k1 gives them.
const generator = '0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
const generatorY = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'

/** What every adapter of Crypto must do. */
export const describeCrypto = (name: string, crypto: Crypto): void => {
  const publicKey = crypto.publicKey(secretKey)
  const signature = crypto.sign(digest, secretKey)
  const s = bigintFromBytes(signature.bytes.subarray(32))

  describe(`secp256k1 by ${name}`, () => {
    it('derives public keys', () => {
      expect(hexFromBytes(crypto.publicKey(one))).toBe(generator)
      expect(hexFromBytes(crypto.uncompress(crypto.publicKey(one)) ?? one)).toBe(
        `0x04${generator.slice(4)}${generatorY}`,
      )
    })

    it('signs what it verifies, and what recovers its key', () => {
      expect(crypto.verify(signature.bytes, digest, publicKey)).toBe(true)
      expect(crypto.recover(signature.bytes, signature.recovery, digest)).toEqual(publicKey)
      expect(crypto.recover(signature.bytes, signature.recovery === 0 ? 1 : 0, digest)).not.toEqual(publicKey)
    })

    it('signs deterministically and low-s', () => {
      expect(crypto.sign(digest, secretKey)).toEqual(signature)
      for (let i = 1n; i < 50n; i++) {
        const made = crypto.sign(scalar(i * 1_000_003n), secretKey)
        expect(bigintFromBytes(made.bytes.subarray(32)) <= order / 2n).toBe(true)
        expect(crypto.recover(made.bytes, made.recovery, scalar(i * 1_000_003n))).toEqual(publicKey)
      }
    })

    it('refuses the same signature with high s', () => {
      const high = concatBytes(signature.bytes.subarray(0, 32), scalar(order - s))
      expect(crypto.verify(high, digest, publicKey)).toBe(false)
      expect(crypto.recover(high, signature.recovery === 0 ? 1 : 0, digest)).toBeUndefined()
    })

    it('refuses another digest, key or signature', () => {
      expect(crypto.verify(signature.bytes, scalar(3n), publicKey)).toBe(false)
      expect(crypto.verify(signature.bytes, digest, crypto.publicKey(one))).toBe(false)
      expect(crypto.verify(concatBytes(one, one), digest, publicKey)).toBe(false)
    })

    it.each([
      ['zero r', concatBytes(scalar(0n), one)],
      ['zero s', concatBytes(one, scalar(0n))],
      ['r of the order', concatBytes(scalar(order), one)],
      ['r above the order', concatBytes(new Uint8Array(32).fill(255), one)],
      ['s above the order', concatBytes(one, new Uint8Array(32).fill(255))],
      ['63 bytes', new Uint8Array(63).fill(1)],
      ['65 bytes', new Uint8Array(65).fill(1)],
      ['none', new Uint8Array()],
    ])('refuses a signature with %s', (_, bytes) => {
      expect(crypto.verify(bytes, digest, publicKey)).toBe(false)
      expect(crypto.recover(bytes, 0, digest)).toBeUndefined()
    })

    it.each([
      ['x above the field', concatBytes(Uint8Array.of(2), new Uint8Array(32).fill(255))],
      ['x of no point', concatBytes(Uint8Array.of(2), scalar(5n))],
      ['a bad prefix', concatBytes(Uint8Array.of(5), publicKey.subarray(1))],
      ['a hybrid prefix', concatBytes(Uint8Array.of(6), publicKey.subarray(1))],
      ['65 bytes', crypto.uncompress(publicKey) ?? one],
      ['none', new Uint8Array()],
    ])('refuses a public key with %s', (_, key) => {
      expect(crypto.verify(signature.bytes, digest, key)).toBe(false)
      expect(crypto.ecdh(secretKey, key)).toBeUndefined()
      expect(crypto.uncompress(key)).toBeUndefined()
    })

    it.each([
      ['zero', scalar(0n)],
      ['the order', scalar(order)],
      ['above the order', new Uint8Array(32).fill(255)],
      ['31 bytes', new Uint8Array(31).fill(1)],
    ])('throws for the secret key %s', (_, key) => {
      expect(() => crypto.publicKey(key)).toThrow(RangeError)
      expect(() => crypto.sign(digest, key)).toThrow(RangeError)
      expect(() => crypto.ecdh(key, publicKey)).toThrow(RangeError)
    })

    it('throws for a digest that has not 32 bytes', () => {
      expect(() => crypto.sign(new Uint8Array(31), secretKey)).toThrow(RangeError)
      expect(() => crypto.verify(signature.bytes, new Uint8Array(33), publicKey)).toThrow(RangeError)
      expect(() => crypto.recover(signature.bytes, 0, new Uint8Array())).toThrow(RangeError)
    })

    it('shares one secret between two keys: the x of the point', () => {
      const shared = crypto.ecdh(secretKey, crypto.publicKey(scalar(7n)))
      expect(shared).toHaveLength(32)
      expect(crypto.ecdh(scalar(7n), publicKey)).toEqual(shared)
      expect(crypto.ecdh(one, publicKey)).toEqual(publicKey.slice(1))
    })

    it('leaves its arguments as they were', () => {
      const given = bytesFromHex(hexFromBytes(signature.bytes))
      crypto.verify(given, digest, publicKey)
      crypto.recover(given, 0, digest)
      expect(given).toEqual(Uint8Array.from(signature.bytes))
    })
  })
}
