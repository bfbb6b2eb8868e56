import type { Connection, PeerId, Stream } from '@libp2p/interface'
import * as v from 'valibot'
import { signPublic } from '#protocol/announcement.ts'
import { maxEnvelopeBytes } from '#protocol/envelope.ts'
import { parseFields, publicKeyField } from '#protocol/fields.ts'
import { decodeFrame, encodeFrame } from '#protocol/frame.ts'
import { decodeJson, encodeJson } from '#protocol/json.ts'
import { nameEnvelope, openGot, openListen } from '#protocol/relaying.ts'
import { identityOf } from '#protocol/signature.ts'
import { publicTopics, topicOf } from '#protocol/topic.ts'
import type { Hash, PublicKey } from '#std/brand.ts'
import { errorFrom, familyOf, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import { keepConnected, tryDial } from './keep-connected.ts'
import { type HoldLimits, MailHold, standardHoldLimits } from './mail-hold.ts'
import type { PeerScores } from './peer-scores.ts'
import type { PubsubNode } from './pubsub.ts'
import { RelayGate } from './relay-gate.ts'
import { Listener, relayFrames, relayProtocol, relayUnreadBytes } from './relay-listener.ts'
import { RelayPusher } from './relay-pusher.ts'

export type RelayPorts = {
  readonly node: PubsubNode
  /** The key that the node runs under. */
  readonly nodeKey: Uint8Array
  readonly crypto: Crypto
  readonly clock: Clock
  readonly records: Records
  /** The node's own, so that gossipsub shuts out whom we do. */
  readonly scores: PeerScores
  /** Something failed that nobody waits for. */
  readonly onFault?: (error: ParatiiError) => void
}

export type RelayOptions = {
  /** Multiaddrs of relays to stay connected with. */
  readonly relays: readonly string[]
  /** Whether to dial relays that those tell of, too. */
  readonly discover?: boolean
  /** Where others reach us; by default where the node listens. */
  readonly addresses?: readonly string[]
  readonly limits?: HoldLimits
}

/** A listener asks again before this is over. */
export const leaseMs = 600_000
const housekeepingMs = 60_000
const listingLifeMs = 900_000
const maxTopicsPerPeer = 512
const maxRelays = 32

/**
 * A daemon that carries mail for others: joins the topics that connected peers send or listen on, checks what anyone
 * can check, keeps envelopes until their receivers say that they came, and passes them on to whoever listens.
 */
export class MailRelay {
  readonly #ports: RelayPorts
  readonly #options: RelayOptions
  readonly #hold: MailHold
  readonly #key: PublicKey
  readonly #stopping = new AbortController()
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #topicsOfPeer = new Map<string, Set<string>>()
  readonly #pusher: RelayPusher
  readonly #gate: RelayGate
  #keeping: Promise<unknown> = Promise.resolve()

  private constructor(ports: RelayPorts, options: RelayOptions, hold: MailHold) {
    this.#ports = ports
    this.#options = options
    this.#hold = hold
    this.#pusher = new RelayPusher({
      clock: ports.clock,
      node: ports.node,
      hold,
      onGot: (peer, proof) => this.#takeGot(peer, proof),
      onFault: error => ports.onFault?.(error),
    })
    this.#key = identityOf(ports.crypto, ports.nodeKey).publicKey
    this.#gate = new RelayGate({
      ...ports,
      isJoined: topic => ports.node.services.pubsub.topicValidators.has(topic),
    })
  }

  static async start(ports: RelayPorts, options: RelayOptions): Promise<MailRelay> {
    const hold = await MailHold.open(ports.records, ports.clock, options.limits ?? standardHoldLimits)
    const relay = new MailRelay(ports, options, hold)
    await relay.#start()
    return relay
  }

  /** Topics joined, and topics with mail that waits. */
  get status(): { readonly joined: number; readonly waiting: number } {
    return {
      joined: this.#ports.node.services.pubsub.getTopics().length - 1,
      waiting: this.#hold.topics().length,
    }
  }

  async stop(): Promise<void> {
    const { node } = this.#ports
    const { pubsub } = node.services
    this.#stopping.abort(new ParatiiError('stopping'))
    this.#pusher.stop()
    await node.unhandle(relayProtocol)
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    pubsub.removeEventListener('message', this.#onMessage)
    for (const topic of pubsub.getTopics()) this.#leave(topic)
    await this.#keeping
  }

  async #start(): Promise<void> {
    const { node, clock } = this.#ports
    const { pubsub } = node.services
    const { signal } = this.#stopping
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    pubsub.addEventListener('message', this.#onMessage)
    await node.handle(
      relayProtocol,
      (stream: Stream, { remotePeer }: Connection) => this.#serve(stream, remotePeer),
      {
        maxInboundStreams: 4,
      },
    )
    this.#join(publicTopics.relay)
    for (const topic of this.#hold.topics()) this.#join(topic)
    const relays = this.#options.relays.map(address => keepConnected(node, clock, address, signal))
    this.#keeping = Promise.all([...relays, this.#keepHouse()])
    this.#announce()
  }

  // ------------------------------------------------------------------------------------------- streams of peers

  async #serve(stream: Stream, peer: PeerId): Promise<void> {
    const { scores } = this.#ports
    const frames = frameStream(stream, maxEnvelopeBytes, relayFrames, relayUnreadBytes)
    const listener = new Listener(frames, peer.toString())
    try {
      for (;;) {
        if (scores.isBanned(peer.toString())) throw new ParatiiError('not-permitted')
        const frame = await frames.read(this.#stopping.signal)
        if (frame === undefined) break
        if (frame.cmd === 'listen') await this.#listen(listener, frame.data)
        if (frame.cmd === 'leave') this.#unlisten(listener, frame.data)
        if (frame.cmd === 'mail') await this.#takeMail(frames, peer.toString(), frame.data)
        if (frame.cmd === 'got') await this.#takeGot(peer.toString(), frame.data)
      }
      await frames.close()
    } catch (thrown) {
      const error = errorFrom(thrown)
      if (familyOf(error.code) === 'Malformed') scores.punish(peer.toString())
      if (familyOf(error.code) === 'Fault') this.#ports.onFault?.(error)
    } finally {
      for (const topic of listener.topics()) this.#removeListener(listener, topic)
      frames.abort(new ParatiiError('aborted'))
    }
  }

  async #listen(listener: Listener, bytes: Uint8Array): Promise<void> {
    const { crypto, clock } = this.#ports
    const opened = openListen(crypto, bytes, { relay: this.#key, nowMs: clock.nowMs() })
    if (!opened.ok) {
      this.#gate.judge(listener.peer, opened)
      return listener.tell('listening', { code: opened.error.code })
    }
    const topic = topicOf(opened.value)
    const topics = this.#topicsOfPeer.get(listener.peer) ?? new Set<string>()
    if (!topics.has(topic) && topics.size >= maxTopicsPerPeer)
      return listener.tell('listening', { key: opened.value, code: 'rate-limited' })
    this.#topicsOfPeer.set(listener.peer, topics.add(topic))
    const untilMs = clock.nowMs() + leaseMs
    listener.add(topic, untilMs)
    const listeners = this.#listeners.get(topic) ?? new Set<Listener>()
    this.#listeners.set(topic, listeners.add(listener))
    this.#join(topic)
    await listener.tell('listening', { key: opened.value, until: untilMs })
    await listener.pump(topic, this.#hold)
  }

  #unlisten(listener: Listener, data: Uint8Array): void {
    const json = decodeJson(data, 1024)
    const parsed = json.ok
      ? parseFields(v.object({ key: publicKeyField }), json.value, 'message-malformed')
      : json
    if (parsed.ok) this.#removeListener(listener, topicOf(parsed.value.key))
    else this.#gate.judge(listener.peer, parsed)
  }

  #removeListener(listener: Listener, topic: string): void {
    listener.remove(topic)
    this.#topicsOfPeer.get(listener.peer)?.delete(topic)
    if (this.#topicsOfPeer.get(listener.peer)?.size === 0) this.#topicsOfPeer.delete(listener.peer)
    const listeners = this.#listeners.get(topic)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.#listeners.delete(topic)
    this.#leaveIfIdle(topic)
  }

  async #takeMail(frames: FrameStream, peer: string, envelope: Uint8Array): Promise<void> {
    const of = nameEnvelope(envelope)
    const answer = (code?: string) => frames.write('mailack', encodeJson({ of, code }), this.#stopping.signal)
    const checked = this.#gate.check(peer, envelope)
    if (!checked.ok) return answer(checked.error.code)
    const topic = topicOf(checked.value)
    try {
      await this.#keep(topic, of, envelope)
    } catch (thrown) {
      return answer(errorFrom(thrown).code)
    }
    await answer()
    const proof = await this.#hold.proofOf(of)
    if (proof !== undefined) await frames.write('got', proof, this.#stopping.signal)
  }

  async #takeGot(peer: string, bytes: Uint8Array): Promise<void> {
    const got = this.#gate.checkGot(peer, bytes)
    if (!got.ok) return
    const topic = topicOf(got.value.to)
    // Said to everyone before we leave: whoever else carries the topic holds it too.
    if (got.value.envelopes.some(name => !this.#hold.isGot(name))) await this.#publish(topic, 'got', bytes)
    await this.#drop(topic, got.value.envelopes, bytes)
  }

  // ---------------------------------------------------------------------------------------------------- pubsub

  #join(topic: string): void {
    const { pubsub } = this.#ports.node.services
    if (pubsub.topicValidators.has(topic)) return
    pubsub.topicValidators.set(topic, (peer, message) => this.#gate.validate(peer.toString(), message))
    pubsub.subscribe(topic)
  }

  #leave(topic: string): void {
    const { pubsub } = this.#ports.node.services
    pubsub.topicValidators.delete(topic)
    pubsub.unsubscribe(topic)
  }

  #leaveIfIdle(topic: string): void {
    if (topic === publicTopics.relay || this.#listeners.has(topic) || this.#hold.list(topic).length > 0)
      return
    if (this.#ports.node.services.pubsub.topicValidators.has(topic)) this.#leave(topic)
  }

  async #publish(topic: string, cmd: 'mail' | 'got' | 'relay', data: Uint8Array): Promise<void> {
    await this.#ports.node.services.pubsub.publish(topic, encodeFrame(cmd, data))
  }

  readonly #onMessage = (event: CustomEvent<{ readonly topic: string; readonly data: Uint8Array }>): void => {
    const { topic, data } = event.detail
    const frame = decodeFrame(data, maxEnvelopeBytes)
    if (!frame.ok || !this.#ports.node.services.pubsub.topicValidators.has(topic)) return
    const bytes = frame.value.data
    if (frame.value.cmd === 'mail') this.#run(this.#keep(topic, nameEnvelope(bytes), bytes, false))
    if (frame.value.cmd === 'relay') this.#run(this.#meet(bytes))
    if (frame.value.cmd !== 'got') return
    const got = openGot(this.#ports.crypto, bytes)
    if (got.ok) this.#run(this.#drop(topic, got.value.envelopes, bytes))
  }

  readonly #onSubscription = (
    event: CustomEvent<{
      readonly peerId: PeerId
      readonly subscriptions: readonly { readonly topic: string; readonly subscribe: boolean }[]
    }>,
  ): void => {
    const { peerId, subscriptions } = event.detail
    const joined = subscriptions.filter(({ subscribe }) => subscribe).map(({ topic }) => topic)
    if (joined.includes(publicTopics.relay)) this.#announce()
    const waiting = joined.filter(topic => this.#hold.list(topic).length > 0)
    if (waiting.length > 0) this.#pusher.push(peerId, waiting)
  }

  // ------------------------------------------------------------------------------------------------------ mail

  async #keep(topic: string, name: Hash, envelope: Uint8Array, isFirst = true): Promise<void> {
    if (!(await this.#hold.put(topic, name, envelope))) return
    this.#join(topic)
    if (isFirst) await this.#publish(topic, 'mail', envelope)
    for (const listener of this.#listeners.get(topic) ?? []) this.#run(listener.pump(topic, this.#hold))
  }

  async #drop(topic: string, names: readonly Hash[], proof: Uint8Array): Promise<void> {
    await this.#hold.drop(topic, names, proof)
    for (const listener of this.#listeners.get(topic) ?? []) {
      listener.settle(topic, names)
      this.#run(listener.pump(topic, this.#hold))
    }
    this.#leaveIfIdle(topic)
  }

  // ------------------------------------------------------------------------------------------------ other relays

  #announce(): void {
    const { clock, crypto, node, nodeKey } = this.#ports
    const addresses = this.#options.addresses ?? node.getMultiaddrs().map(String)
    const at = clock.nowMs()
    const body = { key: this.#key, addresses: addresses.slice(0, 16) }
    const listing = signPublic(crypto, 'relay', body, { at, expires: at + listingLifeMs }, nodeKey)
    this.#run(this.#publish(publicTopics.relay, 'relay', listing))
  }

  async #meet(bytes: Uint8Array): Promise<void> {
    const heard = this.#gate.openListing(bytes)
    const { node } = this.#ports
    if (!heard.ok || this.#options.discover !== true || node.getConnections().length >= maxRelays) return
    for (const address of heard.value.announcement.body.addresses) {
      if (await tryDial(node, address, this.#stopping.signal)) return
    }
  }

  async #keepHouse(): Promise<void> {
    const { clock, node } = this.#ports
    const { signal } = this.#stopping
    const { pubsub } = node.services
    for (;;) {
      await clock.sleep(housekeepingMs, signal).catch(() => {})
      if (signal.aborted) return
      await this.#hold.sweep()
      const nowMs = clock.nowMs()
      for (const [topic, listeners] of this.#listeners)
        for (const listener of listeners)
          if (listener.untilMs(topic) <= nowMs) this.#removeListener(listener, topic)
      for (const topic of pubsub.getTopics()) this.#leaveIfIdle(topic)
      for (const topic of this.#hold.topics())
        for (const peer of pubsub.getSubscribers(topic)) this.#pusher.push(peer, [topic])
      this.#announce()
    }
  }

  #run(work: Promise<void>): void {
    work.catch(thrown => {
      const error = errorFrom(thrown)
      if (!this.#stopping.signal.aborted && familyOf(error.code) === 'Fault') this.#ports.onFault?.(error)
    })
  }
}
