import { BSM, PrivateKey, PublicKey, Signature } from '@bsv/sdk'
import { describe, expect, it } from 'vitest'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import type { Hex } from '#std/brand.ts'
import { bytesFromHex, bytesFromUint32, concatBytes, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/signed.json' with { type: 'json' }
import { digestSigned, openSigned, signContent } from './signed.ts'

/** A Bitcoin-message library that shares no code with ours: own curve, own hashes, own message digest. */
const keyOf = (secret: string) => PrivateKey.fromHex(secret.slice(2))
const compact = (signature: Signature): Uint8Array =>
  Uint8Array.from([...signature.r.toArray('be', 32), ...signature.s.toArray('be', 32)])

const lengths = [0, 1, 252, 253, 254, 65_535, 65_536]

describe.each([
  ['noble', cryptoNoble],
  ['libsecp256k1', cryptoNative],
] as const)('signed content by %s', (_, crypto) => {
  it.each(vectors)(
    'of $name is a Bitcoin Signed Message to an independent library',
    ({ secret, data, signed }) => {
      const message = [...bytesFromHex(data as Hex)]
      const ours = bytesFromHex(signed as Hex)
      const publicKey = PublicKey.fromString(hexFromBytes(ours.subarray(0, 33)).slice(2))
      const header = 31 // recovery 0, compressed; verifying with a key does not read it
      const theirs = Signature.fromCompact([header, ...ours.subarray(33, 97)])
      expect(BSM.verify(message, theirs, publicKey)).toBe(true)
      expect(BSM.verify([...message, 0], theirs, publicKey)).toBe(false)
      expect(publicKey.toString()).toBe(keyOf(secret).toPublicKey().toString())
    },
  )

  it.each(vectors)('takes what the independent library signed of $name', ({ secret, data }) => {
    const bytes = bytesFromHex(data as Hex)
    const key = keyOf(secret)
    const theirs = BSM.sign([...bytes], key, 'raw') as Signature
    const publicKey = Uint8Array.from(key.toPublicKey().encode(true) as number[])
    const signed = concatBytes(publicKey, compact(theirs), bytesFromUint32(bytes.length), bytes)
    expect(openSigned(crypto, signed)).toMatchObject({ ok: true, value: { data: bytes } })
  })

  it.each(lengths)('hashes %i bytes as the independent library does, and signs alike', length => {
    const data = new Uint8Array(length).fill(7)
    expect([...digestSigned(data)]).toEqual(BSM.magicHash([...data]))
    const secret = vectors[0]?.secret as Hex
    const ours = signContent(crypto, data, bytesFromHex(secret)).subarray(33, 97)
    const theirs = compact(BSM.sign([...data], keyOf(secret), 'raw') as Signature)
    expect(hexFromBytes(ours)).toBe(hexFromBytes(theirs))
  })
})
