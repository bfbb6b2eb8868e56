import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { maxEnvelopeBytes } from '#protocol/envelope.ts'
import { decodeJson, encodeJson } from '#protocol/json.ts'
import { nameEnvelope, signListen } from '#protocol/relaying.ts'
import { identityOf, publicKeyFromBytes } from '#protocol/signature.ts'
import type { Hash, PublicKey } from '#std/brand.ts'
import { errorFrom, isErrorCode, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import { relayFrames, relayProtocol, relayUnreadBytes } from './relay-listener.ts'

export type RelayLinkPorts = {
  readonly node: Libp2p
  readonly crypto: Crypto
  readonly clock: Clock
  /** Mail for one of the keys listened on. */
  onMail(envelope: Uint8Array): void
  /** The relay can be reached, again or for the first time. */
  onOpen(): void
}

/** Half of what a relay grants. */
const renewMs = 300_000
const firstRetryMs = 500
const longestRetryMs = 15_000
const answerMs = 20_000
const dialMs = 10_000

type Pending = { resolve(): void; reject(error: ParatiiError): void }
type Open = { readonly frames: FrameStream; readonly relay: PublicKey }

/** Our stream with one relay: opened again whenever it ends, with everything we listen on asked for anew. */
export class RelayLink {
  readonly address: string
  readonly #ports: RelayLinkPorts
  readonly #keys = new Map<PublicKey, Uint8Array>()
  readonly #pending = new Map<Hash, Pending>()
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #open: Open | undefined

  constructor(ports: RelayLinkPorts, address: string) {
    this.address = address
    this.#ports = ports
    this.#running = this.#run()
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Asks for the mail to a key from now on. */
  listen(secretKey: Uint8Array): void {
    const { publicKey } = identityOf(this.#ports.crypto, secretKey)
    this.#keys.set(publicKey, secretKey)
    if (this.#open !== undefined) this.#ask(this.#open, secretKey)
  }

  leave(key: PublicKey): void {
    this.#keys.delete(key)
    this.#say('leave', encodeJson({ key }))
  }

  /** Resolves when the relay keeps the envelope, or knows that it arrived. Throws its code, or `peer-unreachable`. */
  async send(envelope: Uint8Array, signal: AbortSignal): Promise<void> {
    const open = this.#open
    if (open === undefined) throw new ParatiiError('peer-unreachable')
    const name = nameEnvelope(envelope)
    const turn = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(errorFrom(turn.reason, 'timed-out'))
    this.#pending.set(name, { resolve, reject })
    turn.addEventListener('abort', abort, { once: true })
    try {
      await Promise.all([promise, open.frames.write('mail', envelope, turn)])
    } finally {
      turn.removeEventListener('abort', abort)
      this.#pending.delete(name)
    }
  }

  /** Tells the relay that envelopes came; if it is not heard they come again and it is told again. */
  tellGot(signed: Uint8Array): void {
    this.#say('got', signed)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new ParatiiError('stopping'))
    await this.#open?.frames.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let waitMs = firstRetryMs
    while (!signal.aborted) {
      const began = this.#ports.clock.nowMs()
      await this.#talk(signal).catch(thrown => this.#endPending(errorFrom(thrown, 'peer-unreachable')))
      this.#open = undefined
      const lasted = this.#ports.clock.nowMs() - began
      waitMs = lasted > longestRetryMs ? firstRetryMs : Math.min(2 * waitMs, longestRetryMs)
      await this.#ports.clock.sleep(waitMs, signal).catch(() => {})
    }
  }

  async #talk(signal: AbortSignal): Promise<void> {
    const { node } = this.#ports
    const turn = AbortSignal.any([signal, AbortSignal.timeout(dialMs)])
    const connection = await node.dial(multiaddr(this.address), { signal: turn })
    const { publicKey } = connection.remotePeer
    if (publicKey?.type !== 'secp256k1')
      throw new ParatiiError('not-permitted', { reason: 'key of another kind' })
    const stream = await connection.newStream(relayProtocol, { signal: turn })
    const frames = frameStream(stream, maxEnvelopeBytes, relayFrames, relayUnreadBytes)
    const open = { frames, relay: publicKeyFromBytes(publicKey.raw) }
    const renewing = new AbortController()
    try {
      this.#open = open
      this.#renew(open, AbortSignal.any([signal, renewing.signal]))
      this.#ports.onOpen()
      for (;;) {
        const frame = await frames.read(signal)
        if (frame === undefined) throw new ParatiiError('peer-unreachable', { reason: 'stream ended' })
        if (frame.cmd === 'mail') this.#ports.onMail(frame.data)
        if (frame.cmd === 'mailack') this.#hearAck(frame.data)
      }
    } finally {
      renewing.abort()
      frames.abort(new ParatiiError('aborted'))
    }
  }

  #renew(open: Open, signal: AbortSignal): void {
    if (signal.aborted) return
    for (const secretKey of this.#keys.values()) this.#ask(open, secretKey)
    this.#ports.clock.sleep(renewMs, signal).then(
      () => this.#renew(open, signal),
      () => {},
    )
  }

  #ask({ relay, frames }: Open, secretKey: Uint8Array): void {
    const { crypto, clock } = this.#ports
    const signed = signListen(crypto, relay, clock.nowMs(), secretKey)
    frames.write('listen', signed, this.#stopping.signal).catch(thrown => frames.abort(errorFrom(thrown)))
  }

  #say(cmd: string, data: Uint8Array): void {
    const frames = this.#open?.frames
    frames?.write(cmd, data, this.#stopping.signal).catch(thrown => frames.abort(errorFrom(thrown)))
  }

  #hearAck(data: Uint8Array): void {
    const json = decodeJson(data, 1024)
    const body = json.ok && typeof json.value === 'object' && json.value !== null ? json.value : {}
    const pending = 'of' in body ? this.#pending.get(body.of as Hash) : undefined
    if (!('code' in body)) pending?.resolve()
    else pending?.reject(new ParatiiError(isErrorCode(body.code) ? body.code : 'unsupported'))
  }

  #endPending(error: ParatiiError): void {
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }
}
