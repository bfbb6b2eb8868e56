import { afterEach, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { identityOf } from '#protocol/signature.ts'
import { publicTopics } from '#protocol/topic.ts'
import type { Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { MailRelay } from './mail-relay.ts'
import { mailProtocol } from './mail-stream.ts'
import { createMessageNode, createRelayNode } from './node.ts'
import type { SentReport } from './outgoing.ts'
import { PeerScores } from './peer-scores.ts'
import { type PostBox, PostOffice } from './post-office.ts'

const close = {
  nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
  signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
}
const content = { type: 'close', body: close } as const
const faults: ParatiiError[] = []
const onFault = (error: ParatiiError) => faults.push(error)
const base = { crypto: cryptoNative, clock: clockSystem, random: randomSystem, onFault }
const listen = ['/ip4/127.0.0.1/tcp/0']
const stops: (() => Promise<void>)[] = []

const startRelay = async (
  relays: readonly string[] = [],
  records = createMemoryRecords(),
  nodeKey = randomSystem.bytes(32),
) => {
  const scores = new PeerScores(clockSystem)
  const node = await createRelayNode({ nodeKey, listen }, scores)
  const relay = await MailRelay.start({ ...base, node, nodeKey, records, scores }, { relays, discover: true })
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await relay.stop()
    await node.stop()
  }
  stops.push(stop)
  return { relay, node, records, nodeKey, stop, address: String(node.getMultiaddrs()[0]) }
}

const startOffice = async (
  relays: readonly string[],
  records = createMemoryRecords(),
  secretKey = randomSystem.bytes(32),
) => {
  const node = await createMessageNode()
  const office = await PostOffice.start({ ...base, node, records, relays })
  const box: PostBox = office.open(secretKey)
  const reports: SentReport[] = []
  const stop = async () => {
    await office.stop()
    await node.stop()
  }
  stops.push(stop)
  const resume = () => office.resume(report => void reports.push(report))
  return { office, node, box, records, secretKey, reports, resume, stop }
}

afterEach(async () => {
  await Promise.all(stops.splice(0).map(stop => stop()))
  expect(faults.splice(0)).toEqual([])
})

describe('mail by relays', () => {
  it('reaches a receiver at another relay, which tells its sender so', async () => {
    const near = await startRelay()
    const far = await startRelay([near.address])
    const sender = await startOffice([near.address])
    const receiver = await startOffice([far.address])
    const got: string[] = []
    receiver.box.onMessage('close', async ({ sender: from, message }) => {
      got.push(`${from} ${message.id}`)
    })
    await sender.resume()
    const id = await sender.box.send(content, receiver.box.key)
    await expect
      .poll(() => sender.reports)
      .toEqual([{ id, to: receiver.box.key, type: 'close', outcome: 'delivered' }])
    expect(got).toEqual([`${sender.box.key} ${id}`])
    // Nothing is left behind: no envelope, no topic but the receiver's own.
    await expect.poll(() => [near.relay.status.waiting, far.relay.status.waiting]).toEqual([0, 0])
    await expect.poll(() => near.relay.status.joined + far.relay.status.joined).toBe(2)
  })

  it('waits at the relays for a receiver that comes later, while the sender and a relay restart', async () => {
    const near = await startRelay()
    const sender = await startOffice([near.address])
    const receiverKey = randomSystem.bytes(32)
    const first = await startOffice([], createMemoryRecords(), receiverKey)
    await sender.resume()
    const id = await sender.box.send(content, first.box.key)
    await expect.poll(() => near.relay.status.waiting).toBe(1)
    await sender.stop()
    await near.stop()
    const again = await startRelay([], near.records, near.nodeKey)
    const far = await startRelay([again.address])
    const receiver = await startOffice([far.address], createMemoryRecords(), receiverKey)
    const got: string[] = []
    receiver.box.onMessage('close', async ({ message }) => {
      got.push(message.id)
    })
    await expect.poll(() => got).toEqual([id])
    const back = await startOffice([again.address], sender.records, sender.secretKey)
    await back.resume()
    await expect.poll(() => back.reports.map(report => report.outcome)).toEqual(['delivered'])
    expect(got).toEqual([id])
  })

  it('is brought to a relay on more mailboxes at once than a relay takes streams', async () => {
    const near = await startRelay()
    const sender = await startOffice([near.address])
    await sender.resume()
    const keys = Array.from({ length: 24 }, () => randomSystem.bytes(32))
    for (const key of keys) await sender.box.send(content, identityOf(cryptoNative, key).publicKey)
    await expect.poll(() => near.relay.status.waiting).toBe(keys.length)
    await sender.stop()
    await near.stop()
    // Restarted, it remembers nothing to gossip of: what it keeps travels by its pushes alone.
    const again = await startRelay([], near.records, near.nodeKey)
    const far = await startRelay([again.address])
    const receiver = await startOffice([far.address])
    await expect.poll(() => far.node.services.pubsub.getSubscribers(publicTopics.relay).length).toBe(1)
    let reads = 0
    for (const key of keys) receiver.office.open(key).onMessage('close', async () => void reads++)
    await expect.poll(() => reads, { timeout: 10_000 }).toBe(keys.length)
    await expect.poll(() => again.relay.status.waiting).toBe(0)
  })

  it('is reported after a restart where it was acknowledged while its sender stopped', async () => {
    const { address } = await startRelay()
    const records = createMemoryRecords()
    const holding = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const sender = await startOffice([address], {
      ...records,
      async get(table, key) {
        if (table === 'mail-seen') {
          asked.resolve()
          await holding.promise
        }
        return records.get(table, key)
      },
    })
    const receiver = await startOffice([address])
    receiver.box.onMessage('close', async () => {})
    await sender.resume()
    const id = await sender.box.send(content, receiver.box.key)
    await asked.promise
    const stopping = sender.stop()
    await expect.poll(() => sender.node.getProtocols()).not.toContain(mailProtocol)
    holding.resolve()
    await stopping
    expect(sender.reports).toEqual([])
    const back = await startOffice([address], records, sender.secretKey)
    await back.resume()
    await expect.poll(() => back.reports, { timeout: 10_000 }).toMatchObject([{ id, outcome: 'delivered' }])
  })

  it('is read once though it comes again, and refused for good is reported with its code', async () => {
    const { address } = await startRelay()
    const sender = await startOffice([address])
    const receiver = await startOffice([address])
    let reads = 0
    receiver.box.onMessage('close', async () => {
      if (++reads < 3) throw new ParatiiError('chain-unreachable')
    })
    await sender.resume()
    const id = await sender.box.send(content, receiver.box.key)
    await expect.poll(() => sender.reports.map(report => report.outcome)).toEqual(['delivered'])
    expect(reads).toBe(3)
    receiver.box.onMessage('close', async () => {
      throw new ParatiiError('purchase-unknown')
    })
    await sender.box.send(content, receiver.box.key)
    await expect.poll(() => sender.reports[1]).toMatchObject({ outcome: 'refused', code: 'purchase-unknown' })
    expect(sender.reports[0]?.id).toBe(id)
  })

  it('is reported expired where nobody said that it came, also after a restart', async () => {
    const { address } = await startRelay()
    const sender = await startOffice([address])
    await sender.resume()
    const nobody = (await startOffice([])).box.key
    await sender.box.send(content, nobody, { lifeMs: 300 })
    await expect.poll(() => sender.reports).toMatchObject([{ to: nobody, outcome: 'expired' }])
    await sender.box.send(content, nobody, { lifeMs: 1 })
    await sender.stop()
    const back = await startOffice([address], sender.records, sender.secretKey)
    await back.resume()
    await expect.poll(() => [...sender.reports, ...back.reports].length).toBe(2)
    expect(await sender.records.list('mail-outgoing', '')).toEqual([])
  })
})

describe('letters that no stream leads to', () => {
  const nowhere = { addresses: [] }
  const forever = new AbortController().signal
  const ask = async (relay: string, to: PublicKey) => {
    const { office, secretKey } = await startOffice([relay])
    return office.letters.ask(secretKey, { key: to, ...nowhere }, content, 'purchase', forever)
  }

  it('are answered by relays, where they are answered later', async () => {
    const { address } = await startRelay()
    const { office } = await startOffice([address])
    const secretKey = randomSystem.bytes(32)
    const later = Promise.withResolvers<void>()
    const answered: Promise<void>[] = []
    office.letters.open(secretKey, async ({ peer, reply }) => {
      expect(peer).toBeUndefined()
      answered.push(later.promise.then(() => reply('purchase', { code: 'order-used' }, forever)))
    })
    const asked = ask(address, identityOf(cryptoNative, secretKey).publicKey)
    await expect.poll(() => answered.length).toBe(1)
    later.resolve()
    expect(await asked).toEqual({ code: 'order-used' })
    await Promise.all(answered)
  })

  it('are refused to their sender with the code that their reader refuses with', async () => {
    const { address } = await startRelay()
    const { office } = await startOffice([address])
    const secretKey = randomSystem.bytes(32)
    office.letters.open(secretKey, async () => {
      throw new ParatiiError('order-mismatch')
    })
    const asked = ask(address, identityOf(cryptoNative, secretKey).publicKey)
    await expect(asked).rejects.toMatchObject({ code: 'order-mismatch' })
  })

  it('reach nobody without a relay', async () => {
    const { office, secretKey, box } = await startOffice([])
    const envelope = office.letters.seal(secretKey, box.key, content)
    await expect(office.letters.deliver(nowhere, envelope, forever)).rejects.toMatchObject({
      code: 'peer-unreachable',
    })
  })
})
