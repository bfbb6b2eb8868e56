import type { PeerId } from '@libp2p/interface'
import { maxEnvelopeBytes } from '#protocol/envelope.ts'
import { errorFrom, familyOf, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { MailHold } from './mail-hold.ts'
import type { PubsubNode } from './pubsub.ts'
import { relayFrames, relayProtocol, relayUnreadBytes } from './relay-listener.ts'

export type RelayPusherPorts = {
  readonly node: PubsubNode
  readonly hold: MailHold
  readonly clock: Pick<Clock, 'sleep'>
  /** A receiver's word, from a peer that knew of it already. */
  onGot(peer: string, proof: Uint8Array): Promise<void>
  /** Something failed that nobody waits for. */
  onFault(error: ParatiiError): void
}

/** A peer that answers no envelope for so long is given up until it is pushed to again. */
const answerMs = 20_000
/** One that fails is tried again so many times, a little later each time; after that the next sweep asks it. */
const maxFailures = 3
const retryMs = 500

/**
 * Brings other relays what we keep for topics that they carry: to each peer all topics one after the other on one
 * stream, for a peer lets in few streams at a time and those above would be lost, the same ones every time.
 */
export class RelayPusher {
  readonly #ports: RelayPusherPorts
  readonly #waiting = new Map<string, Set<string>>()
  readonly #stopping = new AbortController()

  constructor(ports: RelayPusherPorts) {
    this.#ports = ports
  }

  /** Has what we keep on these topics brought to a peer; a topic that waits in line already is brought once. */
  push(peer: PeerId, topics: readonly string[]): void {
    const id = peer.toString()
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) {
      for (const topic of topics) waiting.add(topic)
      return
    }
    const line = new Set(topics)
    this.#waiting.set(id, line)
    this.#empty(peer, line)
      .catch(thrown => {
        // The peer went away, or carries no mail itself: it is asked again at the next sweep if it still listens.
        const error = errorFrom(thrown, 'peer-unreachable')
        if (!this.#stopping.signal.aborted && familyOf(error.code) === 'Fault') this.#ports.onFault(error)
      })
      .finally(() => {
        this.#waiting.delete(id)
        // What joined the line in the moment in which it ended.
        if (line.size > 0 && !this.#stopping.signal.aborted) this.push(peer, [...line])
      })
  }

  stop(): void {
    this.#stopping.abort(new ParatiiError('stopping'))
  }

  async #empty(peer: PeerId, line: Set<string>): Promise<void> {
    // Once more for what joined the line while its stream was being ended.
    for (let failures = 0; line.size > 0; ) {
      try {
        await this.#bring(peer, line)
        failures = 0
      } catch (thrown) {
        if (++failures === maxFailures || this.#stopping.signal.aborted || isDeaf(thrown)) {
          line.clear()
          throw thrown
        }
        await this.#ports.clock.sleep(retryMs * failures, this.#stopping.signal)
      }
    }
  }

  async #bring(peer: PeerId, line: Set<string>): Promise<void> {
    const { node } = this.#ports
    const stream = await node.dialProtocol(peer, relayProtocol, { signal: this.#turn() })
    const frames = frameStream(stream, maxEnvelopeBytes, relayFrames, relayUnreadBytes)
    try {
      for (const topic of line) {
        line.delete(topic)
        try {
          await this.#bringTopic(topic, frames, peer)
        } catch (thrown) {
          line.add(topic)
          throw thrown
        }
      }
      await frames.close()
      await this.#hearUntil(undefined, frames, peer)
    } finally {
      frames.abort(new ParatiiError('aborted'))
    }
  }

  async #bringTopic(topic: string, frames: FrameStream, peer: PeerId): Promise<void> {
    const { hold } = this.#ports
    for (const name of hold.list(topic)) {
      const envelope = await hold.get(topic, name)
      if (envelope === undefined) continue
      await frames.write('mail', envelope, this.#turn())
      if (!(await this.#hearUntil('mailack', frames, peer)))
        throw new ParatiiError('peer-unreachable', { reason: 'no acknowledgement' })
    }
  }

  /** Takes in what the peer knew to have arrived, until a frame of a kind came or the peer ended. Whether it came. */
  async #hearUntil(cmd: string | undefined, frames: FrameStream, peer: PeerId): Promise<boolean> {
    for (;;) {
      const turn = this.#turn()
      const frame = await frames.read(turn)
      if (frame === undefined) return false
      if (frame.cmd === 'got') await this.#ports.onGot(peer.toString(), frame.data)
      if (frame.cmd === cmd) return true
    }
  }

  #turn(): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(answerMs)])
  }
}

/** The peer carries no mail itself: it is a mailbox, not a relay. */
const isDeaf = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'UnsupportedProtocolError'
