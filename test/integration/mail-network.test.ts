import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { createSeededRandom } from '#adapters/random-seeded.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { MailRelay } from '#network/mail-relay.ts'
import { peerOfPublicKey } from '#network/message-node.ts'
import { createMessageNode, createRelayNode } from '#network/node.ts'
import type { SentReport } from '#network/outgoing.ts'
import { PeerScores } from '#network/peer-scores.ts'
import { type PostBox, PostOffice } from '#network/post-office.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Hash, Hex, PurchaseNonce, Signature } from '#std/brand.ts'
import { hexFromBytes, uint32At } from '#std/bytes.ts'
import type { ParatiiError } from '#std/error.ts'

const nodeCount = 20
const relayCount = 6
const messageCount = 1_000
const restartCount = 7
/** One in so many is wanted for a moment only, by somebody who is not there yet. */
const oneInImpatient = 50
const impatientMs = 400

const random = createSeededRandom('twenty nodes')
const below = (count: number): number => uint32At(random.bytes(4), 0) % count
const content = {
  type: 'close',
  body: {
    nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
    signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
  },
} as const

const arrivals = new Map<Hex, number>()
const reports = new Map<Hex, SentReport['outcome'][]>()
const faults: ParatiiError[] = []

/** A daemon: a mailbox behind two relays, some of them relays themselves; what it stored outlives it. */
class Daemon {
  readonly walletKey = random.bytes(32)
  readonly nodeKey = random.bytes(32)
  readonly key = identityOf(cryptoNative, this.walletKey).publicKey
  readonly #records = createMemoryRecords()
  readonly #relayRecords = createMemoryRecords()
  readonly #port: number | undefined
  readonly #relays: () => readonly string[]
  #box: PostBox | undefined
  #stop: (() => Promise<void>) | undefined

  /** A daemon with a port relays; `relays` are the two that it knows. */
  constructor(port: number | undefined, relays: () => readonly string[]) {
    this.#port = port
    this.#relays = relays
  }

  get isUp(): boolean {
    return this.#box !== undefined
  }

  /** Where a relay listens: known before it starts, and the same after a restart. */
  get address(): string {
    return `${this.#listen}/p2p/${peerOfPublicKey(cryptoNative.publicKey(this.nodeKey))}`
  }

  get #listen(): string {
    return `/ip4/127.0.0.1/tcp/${this.#port}`
  }

  async start(): Promise<void> {
    const onFault = (error: ParatiiError) => faults.push(error)
    const base = { crypto: cryptoNative, clock: clockSystem, random: randomSystem, onFault }
    const { nodeKey } = this
    const stops: (() => Promise<unknown>)[] = []
    const scores = new PeerScores(clockSystem)
    const node = await (this.#port === undefined
      ? createMessageNode({ nodeKey })
      : createRelayNode({ nodeKey, listen: [this.#listen] }, scores))
    if ('pubsub' in node.services) {
      const pubsubNode = node as Awaited<ReturnType<typeof createRelayNode>>
      const ports = { ...base, node: pubsubNode, nodeKey, records: this.#relayRecords, scores }
      const relay = await MailRelay.start(ports, { relays: this.#relays(), discover: true })
      stops.push(() => relay.stop())
    }
    const office = await PostOffice.start({ ...base, node, records: this.#records, relays: this.#relays() })
    this.#stop = async () => {
      this.#box = undefined
      await office.stop()
      for (const stop of stops) await stop()
      await node.stop()
    }
    const box = office.open(this.walletKey)
    box.onMessage('close', async ({ message }) => {
      arrivals.set(message.id, (arrivals.get(message.id) ?? 0) + 1)
    })
    await office.resume(({ id, outcome }) => {
      reports.set(id, [...(reports.get(id) ?? []), outcome])
    })
    this.#box = box
  }

  async stop(): Promise<void> {
    await this.#stop?.()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async send(to: Daemon, lifeMs: number): Promise<Hex> {
    if (this.#box === undefined) throw new Error('this daemon is down')
    return this.#box.send(content, to.key, { lifeMs })
  }
}

/** Ports that nobody listens on: all held at once, so that they differ. */
const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(
    servers.map(server => new Promise<void>(done => server.listen(0, '127.0.0.1', () => done()))),
  )
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => new Promise(done => server.close(done))))
  return ports
}

const daemons: Daemon[] = []
afterEach(async () => {
  await Promise.all(daemons.map(daemon => daemon.stop()))
})

it('twenty nodes, each knowing two relays, a third of them restarting: every message arrives once, or its sender is told that it expired', async () => {
  const ports = await freePorts(relayCount)
  for (let i = 0; i < nodeCount; i++) {
    const known = () => [1, 2].map(next => daemons[(i + next) % relayCount]?.address ?? '')
    daemons.push(new Daemon(ports[i], known))
  }
  const relays = daemons.slice(0, relayCount)
  for (const relay of relays) await relay.start()
  const late = daemons.slice(13)
  await Promise.all(daemons.slice(relayCount, 13).map(daemon => daemon.start()))

  const restarts = new Map<number, Daemon>()
  while (restarts.size < restartCount) {
    const daemon = daemons[restarts.size < 2 ? below(relayCount) : below(nodeCount)]
    const isNew = daemon !== undefined && ![...restarts.values()].includes(daemon)
    if (isNew) restarts.set(messageCount / 2 + 20 + below(messageCount / 2 - 20), daemon)
  }
  const ids: Hex[] = []
  const underWay: Promise<void>[] = []
  for (let i = 0; i < messageCount; i++) {
    if (i === messageCount / 2) await Promise.all(late.map(daemon => daemon.start()))
    const restarting = restarts.get(i)
    if (restarting !== undefined) {
      // In the middle of things: some mail has come, some is on its way.
      await expect.poll(() => reports.size, { timeout: 60_000 }).toBeGreaterThan(i - 400)
      underWay.push(restarting.restart())
    }
    const up = daemons.filter(daemon => daemon.isUp)
    const from = up[below(up.length)]
    const isImpatient = i < messageCount / 2 && i % oneInImpatient === 0
    const others = (isImpatient ? late : daemons).filter(daemon => daemon !== from)
    const to = others[below(others.length)]
    if (from === undefined || to === undefined) throw new Error('nobody is up')
    ids.push(await from.send(to, isImpatient ? impatientMs : 600_000))
  }
  await Promise.all(underWay)

  await expect.poll(() => ids.filter(id => !reports.has(id)).length, { timeout: 90_000 }).toBe(0)
  const outcomes = ids.map(id => ({ arrived: arrivals.get(id) ?? 0, reports: reports.get(id) }))
  const delivered = outcomes.filter(({ reports: told }) => told?.[0] === 'delivered')
  const expired = outcomes.filter(({ reports: told }) => told?.[0] === 'expired')
  expect(outcomes.filter(({ reports: told }) => told?.length !== 1)).toEqual([])
  expect(delivered.filter(({ arrived }) => arrived !== 1)).toEqual([])
  expect(expired.filter(({ arrived }) => arrived > 1)).toEqual([])
  expect(delivered.length + expired.length).toBe(messageCount)
  expect(expired.length).toBeGreaterThan(0)
  expect(delivered.length).toBeGreaterThanOrEqual(messageCount - messageCount / 2 / oneInImpatient)
  expect(faults).toEqual([])
}, 180_000)
