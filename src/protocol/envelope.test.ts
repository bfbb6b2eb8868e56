import { describe, expect, it } from 'vitest'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Hex, PublicKey } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, concatBytes, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/envelope.json' with { type: 'json' }
import { checkEnvelope, communityKey, envelopeOverhead, openEnvelope, sealEnvelope } from './envelope.ts'
import { identityOf } from './signature.ts'
import { signContent } from './signed.ts'

const sender = new Uint8Array(32).fill(1)
const receiver = new Uint8Array(32).fill(2)
const stranger = new Uint8Array(32).fill(3)
const to = identityOf(crypto, receiver).publicKey
const secrets = { ephemeralSecretKey: new Uint8Array(32).fill(4), nonce: new Uint8Array(24).fill(5) }
const content = signContent(crypto, bytesFromUtf8('hello'), sender)
const seal = (bytes: Uint8Array, key: PublicKey = to): Uint8Array => {
  const sealed = sealEnvelope(crypto, bytes, key, secrets)
  if (sealed === undefined) throw new Error('not a key')
  return sealed
}
const envelope = seal(content)
const changed = (at: number): Uint8Array => {
  const bytes = envelope.slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

describe.each([
  ['noble', crypto],
  ['libsecp256k1', cryptoNative],
])('an envelope, by %s', (_, adapter) => {
  it.each(vectors)('is sealed and opened as in its golden vector ($name)', vector => {
    const signedContent = bytesFromHex(vector.content as Hex)
    const sealed = sealEnvelope(adapter, signedContent, vector.receiver as PublicKey, {
      ephemeralSecretKey: bytesFromHex(vector.ephemeralSecret as Hex),
      nonce: bytesFromHex(vector.nonce as Hex),
    })
    expect(sealed && hexFromBytes(sealed)).toBe(vector.envelope)
    const opened = openEnvelope(
      adapter,
      bytesFromHex(vector.envelope as Hex),
      bytesFromHex(vector.receiverSecret as Hex),
    )
    expect(opened).toMatchObject({ ok: true, value: { data: signedContent.subarray(101) } })
  })

  it('is for its receiver only', () => {
    expect(openEnvelope(adapter, envelope, stranger)).toMatchObject({ error: { code: 'envelope-not-mine' } })
  })

  it('is refused with any byte changed', () => {
    for (let at = 0; at < envelope.length; at += 7) {
      expect(openEnvelope(adapter, changed(at), receiver).ok).toBe(false)
    }
  })
})

describe('an envelope', () => {
  it.each([
    ['the mac', 0, 'envelope-mac'],
    ['the data', envelopeOverhead + 40, 'envelope-signature'],
    ['the signature', 120, 'envelope-signature'],
    ['the length', 165, 'envelope-malformed'],
    ['the kind of a key', 32, 'envelope-signature'],
  ])('says what is wrong when %s was changed', (_, at, code) => {
    expect(openEnvelope(crypto, changed(at), receiver)).toMatchObject({ error: { code } })
  })

  it('is checked by relays, which see neither sender nor content', () => {
    expect(checkEnvelope(crypto, envelope)).toMatchObject({ ok: true, value: { receiver: to } })
    expect(hexFromBytes(envelope)).not.toContain(identityOf(crypto, sender).publicKey.slice(2))
  })

  it('has one of few lengths, at least 512 bytes of content', () => {
    const lengths = [1, 300, 411].map(
      length => seal(signContent(crypto, new Uint8Array(length), sender)).length,
    )
    expect(new Set(lengths).size).toBe(1)
    const longer = [20_000, 20_300].map(
      length => seal(signContent(crypto, new Uint8Array(length), sender)).length,
    )
    expect(new Set(longer).size).toBe(1)
  })

  it('is refused when what is inside is signed wrongly, or padded with anything but zeros', () => {
    const forged = content.slice()
    forged[50] = (forged[50] ?? 0) ^ 1
    expect(openEnvelope(crypto, seal(forged), receiver)).toMatchObject({ error: { code: 'signed-invalid' } })
    const padded = concatBytes(content, Uint8Array.of(1))
    expect(openEnvelope(crypto, seal(padded), receiver)).toMatchObject({
      error: { code: 'envelope-malformed' },
    })
    const short = concatBytes(content.subarray(0, 97), Uint8Array.of(255, 255, 255, 255))
    expect(openEnvelope(crypto, seal(short), receiver)).toMatchObject({
      error: { code: 'envelope-malformed' },
    })
  })

  it('is not made for what is no point of the curve, nor above 64 KiB', () => {
    expect(sealEnvelope(crypto, content, `0x02${'ff'.repeat(32)}` as PublicKey, secrets)).toBeUndefined()
    expect(() => seal(signContent(crypto, new Uint8Array(65_000), sender))).toThrow(RangeError)
  })

  it('to a named community is read by all who know the name', () => {
    const science = communityKey('science')
    const sealed = seal(content, identityOf(crypto, science).publicKey)
    expect(openEnvelope(crypto, sealed, communityKey('science')).ok).toBe(true)
    expect(openEnvelope(crypto, sealed, communityKey('art')).ok).toBe(false)
  })
})
