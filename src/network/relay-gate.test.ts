import { TopicValidatorResult } from '@libp2p/gossipsub'
import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { signPublic } from '#protocol/announcement.ts'
import { sealEnvelope } from '#protocol/envelope.ts'
import { encodeFrame } from '#protocol/frame.ts'
import { nameEnvelope, signGot } from '#protocol/relaying.ts'
import { identityOf } from '#protocol/signature.ts'
import { publicTopics, topicOf } from '#protocol/topic.ts'
import type { Hash, PublicKey } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { MailHold, standardHoldLimits } from './mail-hold.ts'
import { PeerScores } from './peer-scores.ts'
import { RelayGate } from './relay-gate.ts'

const party = () => {
  const secret = randomSystem.bytes(32)
  return { secret, key: identityOf(crypto, secret).publicKey }
}
const receiver = party()
const seal = (bytes: number, to: PublicKey = receiver.key): Uint8Array => {
  const secrets = { ephemeralSecretKey: randomSystem.bytes(32), nonce: randomSystem.bytes(24) }
  const envelope = sealEnvelope(crypto, new Uint8Array(bytes), to, secrets)
  if (envelope === undefined) throw new Error('no envelope')
  return envelope
}
const names = (count: number): Hash[] =>
  Array.from({ length: count }, () => hexFromBytes(randomSystem.bytes(32)) as Hash)

let clock: ReturnType<typeof createManualClock>
let scores: PeerScores
let gate: RelayGate
let isJoined = true
beforeEach(() => {
  clock = createManualClock(1_800_000_000_000)
  scores = new PeerScores(clock)
  isJoined = true
  gate = new RelayGate({ crypto, clock, scores, isJoined: () => isJoined })
})

/** How often in a row it is let in. */
const countUntilRefused = (tryOnce: () => { readonly ok: boolean }, most: number): number => {
  let count = 0
  while (count < most && tryOnce().ok) count++
  return count
}

describe('a relay', () => {
  it('lets a flood of a peer go no further, lets it go on in time, and holds it against nobody', () => {
    const envelope = seal(48_000)
    // To many mailboxes, so that no topic is full.
    const others = Array.from({ length: 8 }, () => seal(48_000, party().key))
    let at = 0
    const once = () => gate.check('peer', others[at++ % others.length] ?? envelope)
    const most = Math.floor((8 * 1_048_576) / envelope.length)
    expect(countUntilRefused(once, 1000)).toBe(most)
    expect(once()).toMatchObject({ error: { code: 'rate-limited' } })
    expect(gate.check('another peer', envelope).ok).toBe(true)
    clock.advance(1000)
    expect(countUntilRefused(once, 1000)).toBe(
      Math.floor((524_288 + ((8 * 1_048_576) % envelope.length)) / envelope.length),
    )
    expect(scores.score('peer')).toBeCloseTo(0)
  })

  it('lets a flood to one mailbox go no further, from however many peers it comes', () => {
    const envelope = seal(48_000)
    let peer = 0
    const most = Math.floor((4 * 1_048_576) / envelope.length)
    expect(countUntilRefused(() => gate.check(`peer ${peer++}`, envelope), 1000)).toBe(most)
    expect(gate.check('one more', seal(10, party().key)).ok).toBe(true)
  })

  it('joins no more new mailboxes for a peer than it may ask for', () => {
    isJoined = false
    const envelope = seal(10)
    expect(countUntilRefused(() => gate.check('peer', envelope), 10_000)).toBe(
      Math.min(8192, Math.floor((4 * 1_048_576) / envelope.length)),
    )
    isJoined = true
    expect(gate.check('another', seal(10, party().key)).ok).toBe(true)
  })

  it('counts every name of a word for what arrived', () => {
    const got = signGot(crypto, names(64), receiver.secret)
    const most = Math.floor((8 * 1_048_576) / (64 * got.length))
    expect(countUntilRefused(() => gate.checkGot('peer', got), 1000)).toBe(most)
    expect(scores.score('peer')).toBeCloseTo(0)
  })

  it('shuts out who sends ten pieces of junk, and forgives half in ten minutes', () => {
    const junk = seal(10)
    junk[200] = (junk[200] ?? 0) ^ 1
    for (let i = 0; i < 9; i++)
      expect(gate.check('peer', junk)).toMatchObject({ error: { code: 'envelope-signature' } })
    expect(scores.isBanned('peer')).toBe(false)
    gate.check('peer', junk)
    expect(scores.isBanned('peer')).toBe(true)
    expect(scores.score('peer')).toBeLessThan(-80)
    expect(scores.isBanned('another')).toBe(false)
    clock.advance(600_000)
    expect(scores.isBanned('peer')).toBe(false)
    expect(scores.score('peer')).toBeCloseTo(-40.5)
  })

  it('costs nobody score what only the receiver can see', () => {
    const envelope = seal(10)
    envelope[0] = (envelope[0] ?? 0) ^ 1
    expect(gate.check('peer', envelope).ok).toBe(true)
    expect(scores.score('peer')).toBeCloseTo(0)
  })
})

describe('what a relay passes on of a topic', () => {
  const validate = (cmd: string, data: Uint8Array, topic = topicOf(receiver.key)) =>
    gate.validate('peer', { topic, data: encodeFrame(cmd, data) })
  const at = 1_800_000_000_000
  const listing = (key: PublicKey, secret: Uint8Array) =>
    signPublic(crypto, 'relay', { key, addresses: [] }, { at, expires: at + 60_000 }, secret)

  it('is mail to that mailbox, its owner’s word, and what relays say of themselves', () => {
    expect(validate('mail', seal(10))).toBe(TopicValidatorResult.Accept)
    expect(validate('got', signGot(crypto, names(1), receiver.secret))).toBe(TopicValidatorResult.Accept)
    const own = party()
    expect(validate('relay', listing(own.key, own.secret), publicTopics.relay)).toBe(
      TopicValidatorResult.Accept,
    )
    expect(scores.score('peer')).toBeCloseTo(0)
  })

  it.each<[string, () => TopicValidatorResult]>([
    ['mail to another mailbox', () => validate('mail', seal(10, party().key))],
    ['another’s word', () => validate('got', signGot(crypto, names(1), party().secret))],
    [
      'what a relay says of another',
      () => validate('relay', listing(receiver.key, party().secret), publicTopics.relay),
    ],
    [
      'bytes that are no frame',
      () => gate.validate('peer', { topic: topicOf(receiver.key), data: new Uint8Array(40) }),
    ],
    ['a word that is not signed', () => validate('got', new Uint8Array(200))],
  ])('is not %s, which costs its sender score', (_, validated) => {
    expect(validated()).toBe(TopicValidatorResult.Reject)
    expect(scores.score('peer')).toBeLessThan(-8)
  })

  it('is nothing of an unknown kind, and no flood; neither costs anything', () => {
    expect(validate('newer', new Uint8Array(10))).toBe(TopicValidatorResult.Ignore)
    const envelope = seal(48_000)
    while (gate.check('peer', envelope).ok);
    expect(validate('mail', envelope)).toBe(TopicValidatorResult.Ignore)
    expect(scores.score('peer')).toBeCloseTo(0)
  })
})

describe('what a relay keeps', () => {
  const open = (part: Partial<typeof standardHoldLimits>, records = createMemoryRecords()) =>
    MailHold.open(records, clock, { ...standardHoldLimits, ...part })
  const put = async (hold: MailHold, topic: string, bytes = 100) => {
    const envelope = randomSystem.bytes(bytes)
    return hold.put(topic, nameEnvelope(envelope), envelope)
  }

  it.each([
    ['bytes of a topic', { topicBytes: 250 }, ['a', 'a'], 'a', 'b'],
    ['topics', { topics: 2 }, ['a', 'b'], 'c', 'b'],
    ['bytes in all', { allBytes: 250 }, ['a', 'b'], 'c', undefined],
  ] as const)('is bounded in %s', async (_, limits, filled, refused, taken) => {
    const records = createMemoryRecords()
    const hold = await open(limits, records)
    for (const topic of filled) expect(await put(hold, topic)).toBe(true)
    await expect(put(hold, refused)).rejects.toMatchObject({ code: 'rate-limited' })
    if (taken !== undefined) expect(await put(hold, taken)).toBe(true)
    // The same after a restart, and not a moment longer than it holds mail.
    await expect(put(await open(limits, records), refused)).rejects.toMatchObject({ code: 'rate-limited' })
    clock.advance(standardHoldLimits.holdMs)
    await hold.sweep()
    expect(hold.topics()).toEqual([])
    expect(await records.list('relay-mail', '')).toEqual([])
  })

  it('remembers the newest of what arrived, and forgets the oldest', async () => {
    const records = createMemoryRecords()
    const hold = await open({ got: 3 }, records)
    const arrived = names(5)
    for (const name of arrived) await hold.drop('a', [name], new Uint8Array(10))
    expect(arrived.map(name => hold.isGot(name))).toEqual([false, false, true, true, true])
    expect(await records.list('relay-got', '')).toHaveLength(3)
  })
})
