import type { PeerId } from '@libp2p/interface'
import { decodeEnvelope } from '#protocol/envelope.ts'
import type { Mail } from '#protocol/mail.ts'
import type { Message, MessageBodies, MessageType } from '#protocol/message.ts'
import { nameEnvelope, signGot } from '#protocol/relaying.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Hex, PublicKey } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { errorFrom, familyOf, orThrow, ParatiiError } from '#std/error.ts'
import { raceAbort } from '#std/race-abort.ts'
import { deliverMail } from './mail-stream.ts'
import { type Letter, Mailbox, type MailboxPorts, type MailCarrier, mailLifeMs } from './mailbox.ts'
import { Outgoing, type OutgoingMail, type SentReport } from './outgoing.ts'
import { RelayLink } from './relay-link.ts'
import { Turnstile } from './turnstile.ts'

export type PostOfficePorts = Omit<MailboxPorts, 'carrier'> & {
  /** Multiaddrs of relays that this node sends and hears mail through: several, so that one may be away. */
  readonly relays: readonly string[]
  /** Something failed that nobody waits for. */
  readonly onFault?: (error: ParatiiError) => void
}

/** One message of a type, as its handler gets it. */
export type Received<T extends MessageType> = {
  readonly sender: PublicKey
  readonly message: Extract<Message, { readonly type: T }>
}

/**
 * What is done about a message. When it resolves, the message is acknowledged and never handled again: it must have
 * stored what it owes. An error that may pass (`retryable`) has it come again; any other refuses it for good.
 */
export type MessageHandler<T extends MessageType> = (
  received: Received<T>,
  signal: AbortSignal,
) => Promise<void>

export type SendOptions = {
  /** How long the message is wanted; 10 minutes unless said otherwise. */
  readonly lifeMs?: number
  /** Where the receiver may be reached directly. */
  readonly addresses?: readonly string[]
}

/** The door of one mailbox. */
export type PostBox = {
  readonly key: PublicKey
  /** Stores a message and sends it until it is acknowledged or expires. Resolves with its id once it is stored. */
  send<T extends MessageType>(
    content: { readonly type: T; readonly body: MessageBodies[T] },
    to: PublicKey,
    options?: SendOptions,
  ): Promise<Hex>
  /** Handles messages of a type, one handler each, until the function it returns is called. */
  onMessage<T extends MessageType>(type: T, handle: MessageHandler<T>): () => void
  close(): void
}

type AnyHandler = (received: { sender: PublicKey; message: Message }, signal: AbortSignal) => Promise<void>

/** Letters on their way by direct streams: a receiver takes eight at a time. */
const maxDirect = 6
const firstRetryMs = 1_000
const longestRetryMs = 30_000
/** Envelopes of relays that are read at a time, 64 MiB at most; more come again. */
const maxTaking = 1024
/** A message that comes again is acknowledged again so many times. */
const maxAcks = 4
/** Messages acknowledged, and peers that messages came from directly. */
const maxRemembered = 10_000

/**
 * Mail that arrives: by a direct stream to who is connected, else by relays that keep it. Outgoing mail is stored and
 * sent again until a one-time key of the message hears its acknowledgement, or it is reported expired.
 */
export class PostOffice {
  readonly #ports: PostOfficePorts
  readonly #mailbox: Mailbox
  readonly #links: readonly RelayLink[]
  readonly #peers = new Map<PublicKey, PeerId>()
  readonly #taking = new Map<string, Promise<void>>()
  readonly #acks = new Map<Hex, number>()
  readonly #stopping = new AbortController()
  readonly #direct = new Turnstile(maxDirect)
  readonly #outgoing: Outgoing

  private constructor(ports: PostOfficePorts, mailbox: Mailbox, links: readonly RelayLink[]) {
    this.#ports = ports
    this.#mailbox = mailbox
    this.#links = links
    const { clock } = ports
    this.#outgoing = new Outgoing({
      records: ports.records,
      clock,
      attempt: (mail, signal) => this.#attempt(mail, signal),
      onOpen: mail => this.#awaitAck(mail),
      onClose: mail => this.#forgetAck(mail),
      onFault: error => ports.onFault?.(error),
    })
  }

  /** Starts to hear; what an earlier run left to send goes on once {@link PostOffice.resume} is called. */
  static async start(ports: PostOfficePorts): Promise<PostOffice> {
    const { node, crypto, clock } = ports
    let office: PostOffice | undefined
    let opened = Promise.withResolvers<void>()
    const onMail = (envelope: Uint8Array) => {
      if (office !== undefined) office.#arrive(envelope)
    }
    const onOpen = () => {
      opened.resolve()
      opened = Promise.withResolvers<void>()
      if (office !== undefined) office.#outgoing.hurry()
    }
    const links = ports.relays.map(address => new RelayLink({ node, crypto, clock, onMail, onOpen }, address))
    const carrier = carrierOf(links, () => opened.promise)
    office = new PostOffice(ports, await Mailbox.start({ ...ports, carrier }), links)
    return office
  }

  /**
   * Letters as their readers take them, for who keeps what it sends itself. They come and go by relays where no stream
   * leads to their other end.
   */
  get letters(): Mailbox {
    return this.#mailbox
  }

  /** Sends what an earlier run left. `onReport` hears what becomes of each message; its row goes when it resolves. */
  async resume(onReport: (report: SentReport) => Promise<void> | void): Promise<void> {
    await this.#outgoing.start(async report => onReport(report))
  }

  /** Whether any relay can be reached now. */
  get isConnected(): boolean {
    return this.#links.some(link => link.isOpen)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new ParatiiError('stopping'))
    await this.#outgoing.stop()
    await this.#mailbox.stop()
    await Promise.all(this.#links.map(link => link.stop()))
    await Promise.allSettled(this.#taking.values())
  }

  /** Opens the mailbox of a key. */
  open(secretKey: Uint8Array): PostBox {
    const key = identityOf(this.#ports.crypto, secretKey).publicKey
    const handlers = new Map<string, AnyHandler>()
    const shut = this.#mailbox.open(secretKey, (letter, signal) => this.#handle(handlers, letter, signal))
    return {
      key,
      send: (content, to, options = {}) => this.#send(secretKey, to, content, options),
      onMessage: (type, handle) => {
        handlers.set(type, handle as unknown as AnyHandler)
        return () => handlers.delete(type)
      },
      close: shut,
    }
  }

  async #send<T extends MessageType>(
    secretKey: Uint8Array,
    to: PublicKey,
    content: { readonly type: T; readonly body: MessageBodies[T] },
    { lifeMs = mailLifeMs, addresses = [] }: SendOptions,
  ): Promise<Hex> {
    const { crypto, random, clock } = this.#ports
    const replyKey = random.bytes(32)
    const replyTo = identityOf(crypto, replyKey).publicKey
    const id = hexFromBytes(random.bytes(16))
    const expires = clock.nowMs() + lifeMs
    const envelope = this.#mailbox.seal(secretKey, to, content, { lifeMs, replyTo, id })
    return this.#outgoing.put({ id, to, type: content.type, envelope, replyKey, addresses, expires })
  }

  // -------------------------------------------------------------------------------------------------- going out

  /** One try. Resolves true when the receiver has it. */
  async #attempt({ to, envelope, addresses }: OutgoingMail, signal: AbortSignal): Promise<boolean> {
    const { node } = this.#ports
    const peer = this.#peers.get(to)
    const isConnected = peer !== undefined && node.getConnections(peer).length > 0
    if (isConnected || addresses.length > 0) {
      const route = isConnected ? { peer } : { addresses }
      const error = await this.#direct
        .run(() => deliverMail(node, route, envelope, signal))
        .then(
          () => undefined,
          thrown => errorFrom(thrown, 'peer-unreachable'),
        )
      if (error === undefined || error.code === 'message-replayed') return true
      if (!error.retryable && error.code !== 'envelope-not-mine') throw error
    }
    await Promise.allSettled(this.#links.filter(link => link.isOpen).map(link => link.send(envelope, signal)))
    return false
  }

  #awaitAck(mail: OutgoingMail): void {
    this.#mailbox.open(mail.replyKey, async ({ sender, message }) => {
      if (message.type !== 'ack') throw new ParatiiError('unsupported')
      if (sender !== mail.to || message.body.of !== mail.id) throw new ParatiiError('not-permitted')
      await this.#outgoing.settle(mail.id, message.body.code)
    })
  }

  #forgetAck(mail: OutgoingMail): void {
    this.#mailbox.close(identityOf(this.#ports.crypto, mail.replyKey).publicKey)
  }

  // -------------------------------------------------------------------------------------------------- coming in

  /** An envelope from a relay, perhaps the same from several. */
  #arrive(envelope: Uint8Array): void {
    const name = nameEnvelope(envelope)
    if (this.#taking.has(name) || this.#taking.size >= maxTaking) return
    const taking = this.#takeUntilDone(envelope)
      .catch(thrown => {
        if (!this.#stopping.signal.aborted) this.#ports.onFault?.(errorFrom(thrown))
      })
      .finally(() => this.#taking.delete(name))
    this.#taking.set(name, taking)
  }

  /** Until its reader has it, or it is refused for good; a reader that cannot now is asked again with backoff. */
  async #takeUntilDone(envelope: Uint8Array): Promise<void> {
    const { signal } = this.#stopping
    // Taken now: an acknowledgement closes the very mailbox that it comes to.
    const secretKey = this.#mailbox.secretOf(orThrow(decodeEnvelope(envelope)).receiver)
    if (secretKey === undefined) return
    for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      let mail: Mail | undefined
      const note = (opened: Mail) => {
        mail = opened
      }
      const error = await this.#mailbox.take(envelope, signal, undefined, note).then(
        () => undefined,
        thrown => errorFrom(thrown),
      )
      // Not ours to speak for: a mailbox that was closed meanwhile, perhaps to be opened again.
      if (signal.aborted || error?.code === 'envelope-not-mine') return
      if (error === undefined || !(error.retryable || familyOf(error.code) === 'Fault')) {
        return this.#finish(envelope, secretKey, mail, error)
      }
      if (familyOf(error.code) === 'Fault') this.#ports.onFault?.(error)
      await this.#ports.clock.sleep(waitMs, signal)
    }
  }

  /**
   * Tells its sender what became of it, and the relays that it came: in this order, for what came is never brought again,
   * and a sender who was not told could not be told then.
   */
  async #finish(
    envelope: Uint8Array,
    secretKey: Uint8Array,
    mail: Mail | undefined,
    error: ParatiiError | undefined,
  ): Promise<void> {
    const { clock, crypto } = this.#ports
    const { signal } = this.#stopping
    if (mail !== undefined && mail.message.type !== 'ack') {
      const { id, expires } = mail.message
      for (
        let waitMs = firstRetryMs;
        expires > clock.nowMs();
        waitMs = Math.min(2 * waitMs, longestRetryMs)
      ) {
        if ((this.#acks.get(id) ?? 0) >= maxAcks || (await this.#acknowledge(mail, secretKey, error))) break
        await clock.sleep(waitMs, signal)
      }
    }
    const got = signGot(crypto, [nameEnvelope(envelope)], secretKey)
    for (const link of this.#links) link.tellGot(got)
  }

  /** Whether the sender, or a relay on the way to it, has the acknowledgement. */
  async #acknowledge(
    { sender, message }: Mail,
    secretKey: Uint8Array,
    error: ParatiiError | undefined,
  ): Promise<boolean> {
    const { clock, node } = this.#ports
    const { signal } = this.#stopping
    const lifeMs = Math.max(1, message.expires - clock.nowMs())
    const code = error === undefined || error.code === 'message-replayed' ? undefined : error.code
    const body = { of: message.id, ...(code === undefined ? {} : { code }) }
    const ack = this.#mailbox.seal(secretKey, message.replyTo, { type: 'ack', body }, { lifeMs })
    const peer = this.#peers.get(sender)
    const isConnected = peer !== undefined && node.getConnections(peer).length > 0
    const ways = [
      ...(isConnected ? [deliverMail(node, { peer }, ack, signal)] : []),
      ...this.#links.map(link => link.send(ack, signal)),
    ]
    const results = await Promise.allSettled(ways)
    if (!results.some(({ status }) => status === 'fulfilled')) return false
    this.#acks.set(message.id, (this.#acks.get(message.id) ?? 0) + 1)
    for (const oldest of this.#acks.keys()) {
      if (this.#acks.size <= maxRemembered) break
      this.#acks.delete(oldest)
    }
    return true
  }

  #notePeer(sender: PublicKey, peer: PeerId): void {
    this.#peers.delete(sender)
    this.#peers.set(sender, peer)
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size <= maxRemembered) break
      this.#peers.delete(oldest)
    }
  }

  async #handle(
    handlers: ReadonlyMap<string, AnyHandler>,
    letter: Letter,
    signal: AbortSignal,
  ): Promise<void> {
    const { sender, message, peer } = letter
    const handle = handlers.get(message.type)
    if (handle === undefined) throw new ParatiiError('unsupported')
    if (peer !== undefined) this.#notePeer(sender, peer)
    await handle({ sender, message }, signal)
  }
}

/** How long mail waits for the first relay to be reached. */
const openWithinMs = 10_000

const carrierOf = (links: readonly RelayLink[], opened: () => Promise<void>): MailCarrier => ({
  listen(secretKey) {
    for (const link of links) link.listen(secretKey)
  },
  leave(publicKey) {
    for (const link of links) link.leave(publicKey)
  },
  async send(envelope, signal) {
    if (links.length === 0) throw new ParatiiError('peer-unreachable', { reason: 'no relay' })
    if (!links.some(link => link.isOpen))
      await raceAbort(opened(), AbortSignal.any([signal, AbortSignal.timeout(openWithinMs)]))
    try {
      await Promise.any(links.filter(link => link.isOpen).map(link => link.send(envelope, signal)))
    } catch (thrown) {
      const [first] = thrown instanceof AggregateError ? thrown.errors : []
      throw errorFrom(first, 'peer-unreachable')
    }
  },
})
