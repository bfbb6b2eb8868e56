import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, Hash, Hex, PublicKey, VideoId } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes } from '#std/bytes.ts'
import announcements from '../../test/vectors/announcement.json' with { type: 'json' }
import vectors from '../../test/vectors/hosts.json' with { type: 'json' }
import { openAnnouncement, openHosts, signHosts, signPublic } from './announcement.ts'
import { maxMessageBytes } from './message.ts'
import { identityOf } from './signature.ts'
import { publicTopics } from './topic.ts'

describe.each(vectors)('a host list', vector => {
  const bytes = bytesFromHex(vector.signed as Hex)
  const expected = {
    id: vector.id as VideoId,
    mailbox: vector.mailbox as PublicKey,
    nowMs: Number(vector.at),
  }
  const times = { at: Number(vector.at), expires: Number(vector.expires) }
  const secretKey = bytesFromHex(vector.mailboxSecret as Hex)

  it('is opened and signed as in its golden vector', () => {
    const opened = openHosts(crypto, bytes, expected)
    if (!opened.ok) throw new Error(opened.error.code)
    expect(hexFromBytes(signHosts(crypto, opened.value.body, times, secretKey))).toBe(vector.signed)
  })

  it('is refused out of its time, for another video, and signed by another', () => {
    const other = `0x${'11'.repeat(32)}` as Hash as VideoId
    const cases = [
      [{ nowMs: times.expires }, 'message-expired'],
      [{ nowMs: times.at - 120_001 }, 'message-from-future'],
      [{ id: other }, 'message-not-mine'],
      [{ mailbox: `0x02${'11'.repeat(32)}` as PublicKey }, 'signature-invalid'],
    ] as const
    for (const [wrong, code] of cases) {
      expect(openHosts(crypto, bytes, { ...expected, ...wrong })).toMatchObject({ error: { code } })
    }
    bytes[200] = (bytes[200] ?? 0) ^ 1
    expect(openHosts(crypto, bytes, expected)).toMatchObject({ error: { code: 'signed-invalid' } })
  })

  it('is at most 48 KiB long', () => {
    const long = openHosts(crypto, new Uint8Array(maxMessageBytes + 200), expected)
    expect(long).toMatchObject({ error: { code: 'message-too-long' } })
    const addresses = Array.from({ length: 16 }, () => `/${'x'.repeat(250)}`)
    const host = { key: expected.mailbox, payout: `0x${'11'.repeat(20)}` as Address, addresses }
    const list = { id: expected.id, hosts: Array.from({ length: 20 }, () => host) }
    expect(() => signHosts(crypto, list, times, secretKey)).toThrow(RangeError)
  })
})

describe.each(announcements)('what is said to everyone: $type', vector => {
  const type = vector.type as keyof typeof publicTopics
  const bytes = bytesFromHex(vector.signed as Hex)
  const secretKey = bytesFromHex(vector.secret as Hex)
  const times = { at: Number(vector.at), expires: Number(vector.expires) }
  const expected = { type, topic: publicTopics[type], nowMs: times.at }

  it('is opened and signed as in its golden vector', () => {
    const opened = openAnnouncement(crypto, bytes, expected)
    if (!opened.ok) throw new Error(opened.error.code)
    const { sender, announcement } = opened.value
    expect(sender).toBe(identityOf(crypto, secretKey).publicKey)
    expect(hexFromBytes(signPublic(crypto, type, announcement.body, times, secretKey))).toBe(vector.signed)
  })

  it('is refused as another type, on another topic, and out of its time', () => {
    const other = type === 'offer' ? 'job' : 'offer'
    const cases = [
      [{ type: other }, 'message-malformed'],
      [{ topic: 'elsewhere' }, 'message-not-mine'],
      [{ nowMs: times.expires }, 'message-expired'],
      [{ nowMs: times.at - 120_001 }, 'message-from-future'],
    ] as const
    for (const [wrong, code] of cases) {
      expect(openAnnouncement(crypto, bytes, { ...expected, ...wrong })).toMatchObject({ error: { code } })
    }
  })
})
