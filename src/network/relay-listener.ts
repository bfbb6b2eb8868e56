import { encodeJson, type Json } from '#protocol/json.ts'
import type { Hash } from '#std/brand.ts'
import type { FrameStream } from './frame-stream.ts'
import type { MailHold } from './mail-hold.ts'

/** A peer sends and hears mail through a relay: see docs/spec/relay.md. */
export const relayProtocol = '/paratii/relay/1'
/** Frames that may wait unread on such a stream: more than a relay may send ahead, and all that a client may ask for. */
export const relayFrames = 2048
/** Bytes of them: what a peer may send at once. */
export const relayUnreadBytes = 8 * 1_048_576
/** Envelopes that a relay sends ahead of the receiver's word that they came, for one mailbox. */
const maxAhead = 32
const tellMs = 20_000

type Lease = { untilMs: number; readonly ahead: Set<Hash> }

/** One stream of a peer that wants mail, with the topics it may have it of. */
export class Listener {
  readonly peer: string
  readonly #frames: FrameStream
  readonly #leases = new Map<string, Lease>()

  constructor(frames: FrameStream, peer: string) {
    this.#frames = frames
    this.peer = peer
  }

  add(topic: string, untilMs: number): void {
    const lease = this.#leases.get(topic) ?? { untilMs, ahead: new Set<Hash>() }
    lease.untilMs = untilMs
    this.#leases.set(topic, lease)
  }

  remove(topic: string): void {
    this.#leases.delete(topic)
  }

  topics(): readonly string[] {
    return [...this.#leases.keys()]
  }

  untilMs(topic: string): number {
    return this.#leases.get(topic)?.untilMs ?? 0
  }

  /** These came: there is room for others. */
  settle(topic: string, names: readonly Hash[]): void {
    for (const name of names) this.#leases.get(topic)?.ahead.delete(name)
  }

  /** Sends what waits on a topic, as far ahead as it may. */
  async pump(topic: string, hold: MailHold): Promise<void> {
    const ahead = this.#leases.get(topic)?.ahead
    if (ahead === undefined) return
    for (const name of hold.list(topic)) {
      if (ahead.size >= maxAhead) return
      if (ahead.has(name)) continue
      ahead.add(name)
      const envelope = await hold.get(topic, name)
      if (envelope === undefined) ahead.delete(name)
      else await this.#frames.write('mail', envelope, AbortSignal.timeout(tellMs))
    }
  }

  tell(cmd: string, body: Json): Promise<void> {
    return this.#frames.write(cmd, encodeJson(body), AbortSignal.timeout(tellMs))
  }
}
