import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Hash, PurchaseNonce, Signature } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'
import { deliverMail } from './mail-stream.ts'
import { Mailbox } from './mailbox.ts'
import type { MessageNode } from './message-node.ts'
import { createMessageNode } from './node.ts'

const close = {
  nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
  signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
}
const transaction = hexFromBytes(new Uint8Array(32).fill(2)) as Hash
const forever = new AbortController().signal

const ports = (node: MessageNode, records: Records = createMemoryRecords()) => ({
  node,
  records,
  crypto: cryptoNative,
  random: randomSystem,
  clock: clockSystem,
})

let publisherNode: MessageNode
let viewerNode: MessageNode
let publisher: Mailbox
let viewer: Mailbox
let publisherRecords: Records
const publisherKey = randomSystem.bytes(32)
const viewerKey = randomSystem.bytes(32)
const key = identityOf(cryptoNative, publisherKey).publicKey
const route = () => ({ key, addresses: publisherNode.getMultiaddrs().map(String) })

beforeEach(async () => {
  publisherRecords = createMemoryRecords()
  publisherNode = await createMessageNode({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  viewerNode = await createMessageNode()
  publisher = await Mailbox.start(ports(publisherNode, publisherRecords))
  viewer = await Mailbox.start(ports(viewerNode))
})
afterEach(async () => {
  await Promise.all([publisher.stop(), viewer.stop(), publisherNode.stop(), viewerNode.stop()])
})

describe('mail between two nodes', () => {
  it('brings an answer back to a dialler that nobody can dial', async () => {
    publisher.open(publisherKey, async ({ sender, message, reply }) => {
      expect(sender).toBe(identityOf(cryptoNative, viewerKey).publicKey)
      expect(message).toMatchObject({ type: 'close', body: close })
      setImmediate(() => reply('purchase', { nonce: close.nonce, transaction }, forever).catch(() => {}))
    })
    const answer = await viewer.ask(viewerKey, route(), { type: 'close', body: close }, 'purchase', forever)
    expect(answer).toEqual({ nonce: close.nonce, transaction })
  })

  it('tells a sender why its letter was refused, and reads it when it comes again', async () => {
    let tries = 0
    publisher.open(publisherKey, async () => {
      if (++tries === 1) throw new ParatiiError('chain-unreachable')
    })
    const envelope = viewer.seal(viewerKey, key, { type: 'close', body: close })
    await expect(viewer.deliver(route(), envelope, forever)).rejects.toMatchObject({
      code: 'chain-unreachable',
    })
    await viewer.deliver(route(), envelope, forever)
    expect(tries).toBe(2)
  })

  it('reads a letter once, also after a restart', async () => {
    let reads = 0
    const read = async () => {
      reads++
    }
    publisher.open(publisherKey, read)
    const envelope = viewer.seal(viewerKey, key, { type: 'close', body: close })
    await viewer.deliver(route(), envelope, forever)
    await expect(viewer.deliver(route(), envelope, forever)).rejects.toMatchObject({
      code: 'message-replayed',
    })
    await publisher.stop()
    publisher = await Mailbox.start(ports(publisherNode, publisherRecords))
    publisher.open(publisherKey, read)
    await expect(viewer.deliver(route(), envelope, forever)).rejects.toMatchObject({
      code: 'message-replayed',
    })
    expect(reads).toBe(1)
  })

  it('refuses letters for others, late ones and junk', async () => {
    publisher.open(publisherKey, async () => {})
    const other = identityOf(cryptoNative, randomSystem.bytes(32)).publicKey
    const misled = viewer.seal(viewerKey, other, { type: 'close', body: close })
    await expect(viewer.deliver(route(), misled, forever)).rejects.toMatchObject({
      code: 'envelope-not-mine',
    })
    const late = viewer.seal(viewerKey, key, { type: 'close', body: close }, { lifeMs: 0 })
    await expect(viewer.deliver(route(), late, forever)).rejects.toMatchObject({ code: 'message-expired' })
    await expect(deliverMail(viewerNode, route(), new Uint8Array(1000), forever)).rejects.toMatchObject({
      code: 'envelope-malformed',
    })
  })

  it('takes an answer from nobody but the one asked', async () => {
    const stranger = randomSystem.bytes(32)
    const refused = Promise.withResolvers<unknown>()
    publisher.open(publisherKey, async ({ message, reply }) => {
      setImmediate(async () => {
        const forged = publisher.seal(stranger, message.replyTo, {
          type: 'purchase',
          body: { nonce: close.nonce, transaction },
        })
        await publisher.deliver({ peer: viewerNode.peerId }, forged, forever).catch(refused.resolve)
        await reply('purchase', { code: 'balance-too-low' }, forever).catch(() => {})
      })
    })
    const answer = await viewer.ask(viewerKey, route(), { type: 'close', body: close }, 'purchase', forever)
    expect(await refused.promise).toMatchObject({ code: 'not-permitted' })
    expect(answer).toEqual({ code: 'balance-too-low' })
  })

  it('gives up when told to, and when there is nobody', async () => {
    publisher.open(publisherKey, async () => {})
    const stop = new AbortController()
    const asking = viewer.ask(viewerKey, route(), { type: 'close', body: close }, 'purchase', stop.signal)
    stop.abort()
    await expect(asking).rejects.toMatchObject({ code: 'aborted' })
    const gone = route()
    await publisherNode.stop()
    await expect(
      viewer.ask(viewerKey, gone, { type: 'close', body: close }, 'purchase', forever),
    ).rejects.toMatchObject({ code: 'peer-unreachable' })
  })
})
