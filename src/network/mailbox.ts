import type { PeerId } from '@libp2p/interface'
import { decodeEnvelope } from '#protocol/envelope.ts'
import { type Mail, openMail, sealMail } from '#protocol/mail.ts'
import { isKnown, type Message, type MessageBodies, type MessageType } from '#protocol/message.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Hex, PublicKey } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Records } from '#std/ports/records.ts'
import { deliverMail, type MailRoute, receiveMail } from './mail-stream.ts'
import type { MessageNode } from './message-node.ts'
import { SeenMail } from './seen-mail.ts'

/** The way of mail to and from whom no stream leads. */
export type MailCarrier = {
  /** Brings mail to this key from now on, to {@link Mailbox.take}. */
  listen(secretKey: Uint8Array): void
  leave(publicKey: PublicKey): void
  /** Resolves when an envelope is kept on its way; throws `peer-unreachable` where nobody keeps it. */
  send(envelope: Uint8Array, signal: AbortSignal): Promise<void>
}

export type MailboxPorts = {
  readonly node: MessageNode
  readonly crypto: Crypto
  readonly random: Random
  readonly clock: Clock
  readonly records: Records
  /** Whether a sender's key was revoked by its owner; without it none is. */
  isRevoked?(sender: PublicKey, signal: AbortSignal): Promise<boolean>
  readonly carrier?: MailCarrier
}

/** How long a message is wanted unless its sender says otherwise. */
export const mailLifeMs = 600_000
/** Envelopes worked on at a time; above it senders are told to come again. */
const maxAtOnce = 64

/** An incoming message and how to answer it. */
export type Letter = {
  readonly sender: PublicKey
  readonly message: Message
  /** Who brought it, where it came by a direct stream. */
  readonly peer?: PeerId
  /** Sends an answer back the way that the letter came; throws `peer-unreachable` when that is gone. */
  reply<T extends MessageType>(type: T, body: MessageBodies[T], signal: AbortSignal): Promise<void>
}

/**
 * What a reader does with a letter. When it resolves, the letter is acknowledged and never read again: it must have
 * stored what it owes. When it throws, the sender is told the code, and may try again with the same message.
 */
export type LetterReader = (letter: Letter, signal: AbortSignal) => Promise<void>

type Opened = { readonly secretKey: Uint8Array; readonly read: LetterReader }

/** Mail by direct streams, else by a carrier: envelopes to the keys we hold, each message read once. */
export class Mailbox {
  readonly #ports: MailboxPorts
  readonly #seen: SeenMail
  readonly #opened = new Map<PublicKey, Opened>()
  #atOnce = 0
  #stop: (() => Promise<void>) | undefined

  private constructor(ports: MailboxPorts) {
    this.#ports = ports
    this.#seen = new SeenMail(ports.records, ports.clock)
  }

  static async start(ports: MailboxPorts): Promise<Mailbox> {
    const mailbox = new Mailbox(ports)
    await mailbox.#seen.forgetExpired()
    mailbox.#stop = await receiveMail(ports.node, (envelope, from, signal) =>
      mailbox.#receive(envelope, from, signal),
    )
    return mailbox
  }

  async stop(): Promise<void> {
    await this.#stop?.()
    this.#opened.clear()
  }

  /** Reads mail to this key until the function it returns is called. */
  open(secretKey: Uint8Array, read: LetterReader): () => void {
    const { publicKey } = identityOf(this.#ports.crypto, secretKey)
    this.#opened.set(publicKey, { secretKey, read })
    this.#ports.carrier?.listen(secretKey)
    return () => this.close(publicKey)
  }

  /** Reads no more mail to this key. */
  close(publicKey: PublicKey): void {
    this.#opened.delete(publicKey)
    this.#ports.carrier?.leave(publicKey)
  }

  /** The secret key of a mailbox that is open. */
  secretOf(publicKey: PublicKey): Uint8Array | undefined {
    return this.#opened.get(publicKey)?.secretKey
  }

  /** Seals one message, signed by `secretKey`. Its answers go to `replyTo`, by default the signer. */
  seal<T extends MessageType>(
    secretKey: Uint8Array,
    to: PublicKey,
    content: { readonly type: T; readonly body: MessageBodies[T] },
    options: { readonly lifeMs?: number; readonly replyTo?: PublicKey; readonly id?: Hex } = {},
  ): Uint8Array<ArrayBuffer> {
    const { crypto, random, clock } = this.#ports
    const at = clock.nowMs()
    // Type and body are of one T; TypeScript cannot follow that through the union of messages.
    const message = {
      v: 1,
      ...content,
      id: options.id ?? hexFromBytes(random.bytes(16)),
      to,
      replyTo: options.replyTo ?? identityOf(crypto, secretKey).publicKey,
      at,
      expires: at + (options.lifeMs ?? mailLifeMs),
    } as unknown as Message
    const secrets = { ephemeralSecretKey: random.bytes(32), nonce: random.bytes(24) }
    const envelope = sealMail(crypto, message, secretKey, secrets)
    if (envelope === undefined) throw new ParatiiError('signature-invalid', { field: 'to' })
    return envelope
  }

  /** Delivers an envelope: true when its reader has it, false when the carrier keeps it on its way. */
  async deliver(route: MailRoute, envelope: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const { carrier, node } = this.#ports
    try {
      await deliverMail(node, route, envelope, signal)
      return true
    } catch (thrown) {
      const error = errorFrom(thrown)
      const isAway = error.code === 'peer-unreachable' || error.code === 'timed-out'
      if (carrier === undefined || !isAway || signal.aborted) throw error
      await carrier.send(envelope, signal)
      return false
    }
  }

  /** Sends a message and waits for the first answer of type `answer` from `to`, by a key made for it. */
  async ask<T extends MessageType, A extends MessageType>(
    secretKey: Uint8Array,
    to: { readonly key: PublicKey } & MailRoute,
    content: { readonly type: T; readonly body: MessageBodies[T] },
    answer: A,
    signal: AbortSignal,
  ): Promise<MessageBodies[A]> {
    const { crypto, random } = this.#ports
    const replyKey = random.bytes(32)
    const replyTo = identityOf(crypto, replyKey).publicKey
    const { promise, resolve, reject } = Promise.withResolvers<MessageBodies[A]>()
    promise.catch(() => {})
    const close = this.open(replyKey, async ({ sender, message }) => {
      if (sender !== to.key) throw new ParatiiError('not-permitted')
      if (message.type === 'ack') {
        const { code } = message.body
        if (code !== undefined) reject(new ParatiiError(isErrorCode(code) ? code : 'unsupported'))
        return
      }
      if (message.type !== answer) throw new ParatiiError('unsupported')
      // The body is of this type; TypeScript cannot follow that through the union of messages.
      resolve(message.body as MessageBodies[A])
    })
    const abort = () => reject(errorFrom(signal.reason, 'aborted'))
    signal.addEventListener('abort', abort, { once: true })
    try {
      await this.deliver(to, this.seal(secretKey, to.key, content, { replyTo }), signal)
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
      close()
    }
  }

  async #receive(envelope: Uint8Array, from: PeerId, signal: AbortSignal): Promise<void> {
    if (this.#atOnce >= maxAtOnce) throw new ParatiiError('rate-limited')
    this.#atOnce++
    try {
      await this.take(envelope, signal, from)
    } finally {
      this.#atOnce--
    }
  }

  /**
   * Opens an envelope, however it came, and has it read. Resolves when its reader has it; throws what
   * docs/spec/message.md refuses, `message-replayed` for what was read before, and what the reader throws.
   *
   * @param onOpened Told who wrote what as soon as that is known, whatever becomes of it then.
   */
  async take(
    envelope: Uint8Array,
    signal: AbortSignal,
    from?: PeerId,
    onOpened?: (mail: Mail) => void,
  ): Promise<void> {
    const { crypto, clock } = this.#ports
    const opened = this.#opened.get(orThrow(decodeEnvelope(envelope)).receiver)
    if (opened === undefined) throw new ParatiiError('envelope-not-mine')
    const mail = orThrow(openMail(crypto, envelope, opened.secretKey, clock.nowMs()))
    if (await this.#ports.isRevoked?.(mail.sender, signal)) throw new ParatiiError('key-revoked')
    onOpened?.(mail)
    await this.#seen.once(mail.message, () => this.#read(opened, mail, from, signal))
  }

  async #read(
    { secretKey, read }: Opened,
    { sender, message }: Mail,
    peer: PeerId | undefined,
    signal: AbortSignal,
  ) {
    if (!isKnown(message)) throw new ParatiiError('unsupported')
    const { replyTo } = message
    await read(
      {
        sender,
        message,
        reply: async (type, body, replySignal) => {
          const answer = this.seal(secretKey, replyTo, { type, body })
          await this.deliver(peer === undefined ? { addresses: [] } : { peer }, answer, replySignal)
        },
        ...(peer === undefined ? {} : { peer }),
      },
      signal,
    )
  }
}
