import { afterEach, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { decodeEnvelope, openEnvelope } from '#protocol/envelope.ts'
import { decodeFrame } from '#protocol/frame.ts'
import type { MessageBodies } from '#protocol/message.ts'
import { openGot } from '#protocol/relaying.ts'
import { topicOf } from '#protocol/topic.ts'
import type { PublicKey } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8 } from '#std/bytes.ts'
import { MailRelay } from './mail-relay.ts'
import { createMessageNode, createRelayNode } from './node.ts'
import { PeerScores } from './peer-scores.ts'
import { PostOffice } from './post-office.ts'
import { maxPubsubBytes } from './pubsub.ts'

const base = { crypto, clock: clockSystem, random: randomSystem }
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const startOffice = async (relay: string) => {
  const node = await createMessageNode()
  const office = await PostOffice.start({ ...base, node, records: createMemoryRecords(), relays: [relay] })
  stops.push(
    async () => node.stop(),
    () => office.stop(),
  )
  const box = office.open(randomSystem.bytes(32))
  const reports: string[] = []
  await office.resume(({ outcome }) => void reports.push(outcome))
  return { box, node, reports }
}

/** Where one run of bytes stands in another. */
const contains = (bytes: Uint8Array, part: Uint8Array): boolean =>
  Buffer.from(bytes).includes(Buffer.from(part))

it('who joins every topic learns neither sender, content nor exact length, but who listens, from where, and when', async () => {
  const nodeKey = randomSystem.bytes(32)
  const scores = new PeerScores(clockSystem)
  const relayNode = await createRelayNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0'] }, scores)
  const records = createMemoryRecords()
  const relay = await MailRelay.start({ ...base, node: relayNode, nodeKey, records, scores }, { relays: [] })
  stops.push(
    async () => relayNode.stop(),
    () => relay.stop(),
  )
  const address = String(relayNode.getMultiaddrs()[0])

  // The onlooker: connected with the relay, in every topic that the relay is in.
  const onlooker = await createRelayNode({ listen: [] }, new PeerScores(clockSystem))
  stops.push(async () => onlooker.stop())
  const { pubsub } = onlooker.services
  const seen: { topic: string; data: Uint8Array }[] = []
  pubsub.addEventListener('message', ({ detail }) => seen.push({ topic: detail.topic, data: detail.data }))
  pubsub.addEventListener('subscription-change', ({ detail }) => {
    for (const { topic, subscribe } of detail.subscriptions) if (subscribe) pubsub.subscribe(topic)
  })
  await onlooker.dial(relayNode.getMultiaddrs())

  const [alice, bob] = [await startOffice(address), await startOffice(address)]
  const got: string[] = []
  bob.box.onMessage('purchase', async ({ message }) => {
    got.push(message.id)
  })
  const { pubsub: relayPubsub } = relayNode.services
  await expect.poll(() => relayPubsub.getSubscribers(topicOf(bob.box.key)).length).toBe(1)

  // Two contents of unlike lengths, each several times.
  const secret = 'only-for-bob'
  const contents = [secret, `${secret}-${'x'.repeat(40)}`].map((code): MessageBodies['purchase'] => ({
    code,
  }))
  for (let i = 0; i < 6; i++) {
    const body = contents[i % 2]
    if (body !== undefined) await alice.box.send({ type: 'purchase', body }, bob.box.key)
  }
  await expect.poll(() => alice.reports).toEqual(Array(6).fill('delivered'))

  const onBob = () => seen.filter(({ topic }) => topic === topicOf(bob.box.key))
  const framesOf = (cmd: string) =>
    onBob().flatMap(({ data }) => {
      const frame = decodeFrame(data, maxPubsubBytes)
      return frame.ok && frame.value.cmd === cmd ? [frame.value.data] : []
    })
  await expect.poll(() => framesOf('mail').length).toBe(6)
  await expect.poll(() => framesOf('got').length).toBe(6)
  const envelopes = framesOf('mail')

  // Neither sender nor content, in any form in which they could be looked for.
  const hidden = [
    bytesFromHex(alice.box.key),
    bytesFromUtf8(alice.box.key),
    bytesFromUtf8(alice.node.peerId.toString()),
    bytesFromUtf8(secret),
    ...got.map(bytesFromUtf8),
  ]
  for (const bytes of envelopes) for (const part of hidden) expect(contains(bytes, part)).toBe(false)
  // No two envelopes of one sender have a key, a signature or a nonce in common.
  const decoded = envelopes.map(bytes => decodeEnvelope(bytes)).flatMap(each => (each.ok ? [each.value] : []))
  expect(new Set(decoded.map(({ ephemeral }) => ephemeral)).size).toBe(6)
  expect(new Set(decoded.map(({ data }) => Buffer.from(data.subarray(1, 25)).toString('hex'))).size).toBe(6)
  // Not the exact length: 41 bytes more or less look alike.
  expect(new Set(envelopes.map(bytes => bytes.length)).size).toBe(1)
  // The onlooker's own key opens none.
  for (const bytes of envelopes)
    expect(openEnvelope(crypto, bytes, nodeKey)).toMatchObject({ error: { code: 'envelope-not-mine' } })

  // What it does learn: whose mailbox, that and when mail came there, through whom; and when it was received.
  expect(new Set(decoded.map(({ receiver }) => receiver))).toEqual(new Set<PublicKey>([bob.box.key]))
  for (const bytes of framesOf('got'))
    expect(openGot(crypto, bytes)).toMatchObject({ value: { to: bob.box.key } })
  expect(pubsub.getSubscribers(topicOf(bob.box.key)).map(String)).toEqual([relayNode.peerId.toString()])
  // Acknowledgements go to keys that are used once: they lead from Bob to nobody.
  const acks = seen.filter(({ topic }) => topic !== topicOf(bob.box.key) && topic.length === 66)
  const ackTopics = new Set(acks.map(({ topic }) => topic))
  expect(ackTopics.has(topicOf(alice.box.key))).toBe(false)
  // The relay itself knows the addresses of both.
  const remotes = relayNode.getConnections().map(({ remotePeer }) => remotePeer.toString())
  expect(remotes).toEqual(expect.arrayContaining([alice.node.peerId.toString(), bob.node.peerId.toString()]))
})
