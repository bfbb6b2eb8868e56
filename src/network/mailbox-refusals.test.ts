import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { sealEnvelope } from '#protocol/envelope.ts'
import { encodeMessage, type Message } from '#protocol/message.ts'
import { identityOf } from '#protocol/signature.ts'
import { signContent } from '#protocol/signed.ts'
import type { Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { concatBytes, hexFromBytes } from '#std/bytes.ts'
import { Mailbox } from './mailbox.ts'
import type { MessageNode } from './message-node.ts'
import { createMessageNode } from './node.ts'

const nowMs = 1_800_000_000_000
const party = () => {
  const secret = randomSystem.bytes(32)
  return { secret, key: identityOf(crypto, secret).publicKey }
}
const sender = party()
const receiver = party()
const other = party()
const revoked = party()
const forever = new AbortController().signal

let node: MessageNode
let mailbox: Mailbox
let reads = 0
const records = createMemoryRecords()
beforeAll(async () => {
  node = await createMessageNode()
  mailbox = await Mailbox.start({
    node,
    records,
    crypto,
    random: randomSystem,
    clock: createManualClock(nowMs),
    isRevoked: async key => key === revoked.key,
  })
  mailbox.open(receiver.secret, async () => {
    reads++
  })
})
afterAll(async () => {
  await mailbox.stop()
  await node.stop()
})

const messageTo = (to: PublicKey, fields: Partial<Message> = {}): Message =>
  ({
    v: 1,
    type: 'close',
    body: {
      nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
      signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
    },
    id: hexFromBytes(randomSystem.bytes(16)),
    to,
    replyTo: sender.key,
    at: nowMs,
    expires: nowMs + 60_000,
    ...fields,
  }) as Message

const seal = (content: Uint8Array, to: PublicKey = receiver.key): Uint8Array => {
  const secrets = { ephemeralSecretKey: randomSystem.bytes(32), nonce: randomSystem.bytes(24) }
  const envelope = sealEnvelope(crypto, content, to, secrets)
  if (envelope === undefined) throw new Error('no envelope')
  return envelope
}
const signed = (message: Message, secret = sender.secret) =>
  signContent(crypto, encodeMessage(message), secret)
const content = () => signed(messageTo(receiver.key))

describe('a mailbox refuses, each with its code, and keeps nothing of it', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['an envelope for another receiver', () => seal(content(), other.key), 'envelope-not-mine'],
    [
      'a message for another receiver in an envelope for us',
      () => seal(signed(messageTo(other.key))),
      'message-not-mine',
    ],
    [
      'an expired message',
      () => seal(signed(messageTo(receiver.key, { expires: nowMs }))),
      'message-expired',
    ],
    [
      'a message from the future',
      () => seal(signed(messageTo(receiver.key, { at: nowMs + 120_001, expires: nowMs + 200_000 }))),
      'message-from-future',
    ],
    [
      'a message signed by a revoked key',
      () => seal(signed(messageTo(receiver.key), revoked.secret)),
      'key-revoked',
    ],
    [
      'a swapped inner signer',
      () => {
        const bytes = content()
        return seal(concatBytes(crypto.publicKey(other.secret), bytes.subarray(33)))
      },
      'signed-invalid',
    ],
    [
      'an envelope with one bit changed',
      () => {
        const bytes = seal(content())
        bytes[200] = (bytes[200] ?? 0) ^ 1
        return bytes
      },
      'envelope-signature',
    ],
    [
      'an envelope with another mac',
      () => {
        const bytes = seal(content())
        bytes[0] = (bytes[0] ?? 0) ^ 1
        return bytes
      },
      'envelope-mac',
    ],
  ])('%s', async (_, make, code) => {
    const before = [reads, await records.list('mail-seen', '')]
    await expect(mailbox.take(make(), forever)).rejects.toMatchObject({ code })
    expect([reads, await records.list('mail-seen', '')]).toEqual(before)
  })

  it('a replayed message, in the same envelope or another', async () => {
    const bytes = content()
    const first = seal(bytes)
    const before = reads
    await mailbox.take(first, forever)
    await expect(mailbox.take(first, forever)).rejects.toMatchObject({ code: 'message-replayed' })
    await expect(mailbox.take(seal(bytes), forever)).rejects.toMatchObject({ code: 'message-replayed' })
    expect(reads).toBe(before + 1)
  })
})
