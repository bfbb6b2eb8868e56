import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Hash, Hex, PublicKey } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/relaying.json' with { type: 'json' }
import { maxGot, openGot, openListen, signGot, signListen } from './relaying.ts'
import { signContent } from './signed.ts'

describe.each(vectors)('what a mailbox tells relays', vector => {
  const secret = bytesFromHex(vector.mailboxSecret as Hex)
  const relay = vector.relay as PublicKey
  const nowMs = Number(vector.at)
  const listen = bytesFromHex(vector.listen as Hex)
  const got = bytesFromHex(vector.got as Hex)
  const envelopes = vector.envelopes as Hash[]

  it('is signed and opened as its golden vector', () => {
    expect(hexFromBytes(signListen(crypto, relay, nowMs, secret))).toBe(vector.listen)
    expect(openListen(crypto, listen, { relay, nowMs })).toEqual({ ok: true, value: vector.mailbox })
    expect(hexFromBytes(signGot(crypto, envelopes, secret))).toBe(vector.got)
    expect(openGot(crypto, got)).toMatchObject({ value: { to: vector.mailbox, envelopes } })
  })

  it('is refused by another relay, too late, too early, as the other kind, and damaged', () => {
    const other = vector.mailbox as PublicKey
    expect(openListen(crypto, listen, { relay: other, nowMs })).toMatchObject({
      error: { code: 'message-not-mine' },
    })
    expect(openListen(crypto, listen, { relay, nowMs: nowMs + 120_001 })).toMatchObject({
      error: { code: 'message-expired' },
    })
    expect(openListen(crypto, listen, { relay, nowMs: nowMs - 120_001 })).toMatchObject({
      error: { code: 'message-from-future' },
    })
    expect(openListen(crypto, got, { relay, nowMs })).toMatchObject({ error: { code: 'message-malformed' } })
    expect(openGot(crypto, listen)).toMatchObject({ error: { code: 'message-malformed' } })
    const damaged = Uint8Array.from(got)
    damaged[120] = (damaged[120] ?? 0) ^ 1
    expect(openGot(crypto, damaged)).toMatchObject({ error: { code: 'signed-invalid' } })
    expect(openGot(crypto, new Uint8Array(10_000))).toMatchObject({ error: { code: 'message-too-long' } })
  })

  it('takes nobody else’s word that mail arrived', () => {
    const stranger = bytesFromHex(`0x${'07'.repeat(32)}`)
    const forged = signContent(crypto, got.subarray(101), stranger)
    expect(openGot(crypto, forged)).toMatchObject({ error: { code: 'signature-invalid' } })
    expect(() => signGot(crypto, new Array(maxGot + 1).fill(envelopes[0]), secret)).toThrow(RangeError)
  })
})
