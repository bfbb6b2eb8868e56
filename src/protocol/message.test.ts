import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Hash, PublicKey, VideoId } from '#std/brand.ts'
import { bytesFromUtf8, parseUtf8 } from '#std/bytes.ts'
import vectors from '../../test/vectors/message.json' with { type: 'json' }
import { canonicalText, type Json } from './json.ts'
import { openMail, sealMail } from './mail.ts'
import {
  checkMessage,
  decodeMessage,
  encodeMessage,
  isKnown,
  type Message,
  maxMessageBytes,
} from './message.ts'
import { identityOf } from './signature.ts'

const bytesOf = (text: string) => bytesFromUtf8(text)
const parse = (text: string): Record<string, Json> => JSON.parse(text)
const decodeText = (fields: Record<string, Json>) => decodeMessage(bytesOf(canonicalText(fields)))
const decodeKnown = (text: string): Message => {
  const decoded = decodeMessage(bytesOf(text))
  if (!decoded.ok || !isKnown(decoded.value)) throw new Error('not a known message')
  return decoded.value
}

/** What a field may be besides what its vector shows. */
const mayBe: Readonly<Record<string, Json>> = {
  addresses: [],
  results: [],
  videos: [],
  languages: [],
  topics: [],
  formats: [],
  bids: [],
  siblings: [],
  account: null,
}

describe.each(vectors)('a message of type $type', ({ type, json }) => {
  it('is decoded and encoded to the bytes of its golden vector', () => {
    const message = decodeKnown(json)
    expect(message.type).toBe(type)
    expect(parseUtf8(encodeMessage(message))).toBe(json)
  })

  it('may carry newer fields, which are dropped', () => {
    const fields = parse(json)
    const body = fields.body
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Error('no body')
    const decoded = decodeText({ ...fields, newer: 1, body: { ...body, newer: [1] } })
    expect(decoded).toEqual({ ok: true, value: decodeKnown(json) })
  })

  it('lacks no field', () => {
    const fields = parse(json)
    const body = fields.body as Record<string, Json>
    for (const name of Object.keys(fields)) {
      expect(decodeText({ ...fields, [name]: undefined }).ok).toBe(false)
    }
    for (const name of Object.keys(body)) {
      const decoded = decodeText({ ...fields, body: { ...body, [name]: undefined } })
      expect(decoded).toMatchObject({ ok: false, error: { code: 'message-malformed' } })
    }
  })

  it('has no field of another kind', () => {
    const fields = parse(json)
    const body = fields.body as Record<string, Json>
    for (const name of Object.keys(body)) {
      for (const wrong of [null, -1, 1.5, 'x'.repeat(300), [], {}, true]) {
        const decoded = decodeText({ ...fields, body: { ...body, [name]: wrong } })
        if (decoded.ok) expect(mayBe[name]).toEqual(wrong)
      }
    }
  })
})

describe('a message', () => {
  const text = vectors[1]?.json ?? ''
  const message = decodeKnown(text)

  it('of a type that nobody here knows is kept for its reader', () => {
    const decoded = decodeText({ ...parse(text), type: 'newer', body: { anything: [1] } })
    expect(decoded).toMatchObject({ ok: true, value: { type: 'newer', unknownBody: { anything: [1] } } })
    expect(decoded.ok && isKnown(decoded.value)).toBe(false)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('of type %s is no trap', type => {
    const decoded = decodeText({ ...parse(text), type })
    expect(decoded.ok && isKnown(decoded.value)).toBe(false)
  })

  it('of another version is refused', () => {
    expect(decodeText({ ...parse(text), v: 2 })).toMatchObject({ error: { code: 'message-malformed' } })
  })

  it('is at most 48 KiB long', () => {
    expect(decodeMessage(new Uint8Array(maxMessageBytes + 1))).toMatchObject({
      error: { code: 'message-too-long' },
    })
    const videos = Array.from({ length: 700 }, () => ({
      id: `0x${'11'.repeat(32)}` as Hash as VideoId,
      formats: [],
    }))
    expect(() => encodeMessage({ ...message, type: 'replicate', body: { videos } })).toThrow(RangeError)
  })

  it('is for its receiver, in its time', () => {
    const { at, expires, to } = message
    expect(checkMessage(message, to, at)).toMatchObject({ ok: true })
    expect(checkMessage(message, message.replyTo, at)).toMatchObject({ error: { code: 'message-not-mine' } })
    expect(checkMessage(message, to, at - 120_000)).toMatchObject({ ok: true })
    expect(checkMessage(message, to, at - 120_001)).toMatchObject({ error: { code: 'message-from-future' } })
    expect(checkMessage(message, to, expires - 1)).toMatchObject({ ok: true })
    expect(checkMessage(message, to, expires)).toMatchObject({ error: { code: 'message-expired' } })
    expect(checkMessage({ ...message, expires: at - 1 }, to, at - 2)).toMatchObject({
      error: { code: 'message-expired' },
    })
  })
})

describe('a message that would be remembered for ever', () => {
  it('is malformed', () => {
    const message = decodeKnown(vectors[1]?.json ?? '')
    const days = 86_400_000
    const lasting = (lifeMs: number) => ({ ...message, expires: message.at + lifeMs })
    expect(checkMessage(lasting(30 * days), message.to, message.at).ok).toBe(true)
    expect(checkMessage(lasting(30 * days + 1), message.to, message.at)).toMatchObject({
      error: { code: 'message-malformed', details: { field: 'expires' } },
    })
  })
})

describe('mail', () => {
  const sender = new Uint8Array(32).fill(1)
  const receiver = new Uint8Array(32).fill(2)
  const to = identityOf(crypto, receiver).publicKey
  const secrets = { ephemeralSecretKey: new Uint8Array(32).fill(3), nonce: new Uint8Array(24) }
  const message: Message = { ...decodeKnown(vectors[1]?.json ?? ''), to }
  const seal = (sealed: Message, key: Uint8Array = sender): Uint8Array => {
    const envelope = sealMail(crypto, sealed, key, secrets)
    if (envelope === undefined) throw new Error('not sealed')
    return envelope
  }

  it('tells its receiver what was said and who signed it', () => {
    const opened = openMail(crypto, seal(message), receiver, message.at)
    expect(opened).toEqual({ ok: true, value: { sender: identityOf(crypto, sender).publicKey, message } })
  })

  it('is refused by another, and out of its time', () => {
    expect(openMail(crypto, seal(message), sender, message.at)).toMatchObject({
      error: { code: 'envelope-not-mine' },
    })
    expect(openMail(crypto, seal(message), receiver, message.expires)).toMatchObject({
      error: { code: 'message-expired' },
    })
  })

  it('put into an envelope for somebody else is refused', () => {
    const stolen: Message = { ...message, to: identityOf(crypto, sender).publicKey }
    const resealed = sealMail(crypto, { ...stolen, to }, sender, secrets)
    expect(resealed).toBeDefined()
    const original = sealMail(crypto, stolen, receiver, secrets)
    expect(original && openMail(crypto, original, receiver, message.at)).toMatchObject({
      error: { code: 'envelope-not-mine' },
    })
  })

  it('cannot be sealed to what is no key', () => {
    const nobody = `0x02${'ff'.repeat(32)}` as PublicKey
    expect(sealMail(crypto, { ...message, to: nobody }, sender, secrets)).toBeUndefined()
  })
})
