import type * as v from 'valibot'
import type { playedSchema, turnSchema } from '#bridge/earning.ts'
import type { Lifelines } from '#bridge/lifeline.ts'
import { channelRequests } from '#bridge/node-contract.ts'
import { connectPort, type PortPeer } from '#bridge/port-rpc.ts'
import { type ReceivedStream, receiveStream } from '#bridge/stream-receiver.ts'
import { ParatiiError } from '#std/error.ts'

/** Whose time begins, or how the viewing has ended. */
export type Turn = v.InferOutput<typeof turnSchema>
type Peer = PortPeer<typeof channelRequests>
/** A part of a file, as a `Range` header names it; `last` is inclusive. */
export type AskedRange = { readonly first: number; readonly last?: number } | { readonly suffix: number }

export type ChannelPorts = {
  /** Hands the other end to the node, which then serves this page's purchase over it. Throws if it may not. */
  broker(port: MessagePort): Promise<void>
  readonly lifelines: Lifelines
}

/**
 * The way of one page to one purchase: a port straight to the node, brokered when the first file is asked for, and
 * anew after the node ended. Bytes come by transfer, and touch no other context.
 */
export class StreamChannel {
  readonly #ports: ChannelPorts
  #peer: Promise<Peer> | undefined

  constructor(ports: ChannelPorts) {
    this.#ports = ports
  }

  /** Opens a part of a file. Throws what the node throws, `stopping` when it ended twice over this. */
  async read(path: string, range: AskedRange | undefined, signal: AbortSignal): Promise<ReceivedStream> {
    const asked = range === undefined ? { path } : { path, range }
    for (let round = 0; ; round++) {
      const connected = this.#connected()
      const peer = await connected
      signal.throwIfAborted()
      const { port1, port2 } = new MessageChannel()
      peer.ask('read', asked, [port2]).catch(() => port2.close())
      try {
        return await receiveStream(port1, peer.closed)
      } catch (thrown) {
        const hasEnded = thrown instanceof ParatiiError && thrown.code === 'stopping'
        if (!hasEnded || round > 0) throw thrown
        this.#forget(connected)
        peer.close()
      }
    }
  }

  /** Of a viewing: what comes after a chunk (-1: the first). Throws what the node throws, `stopping` when it ended twice. */
  turn(after: number): Promise<Turn> {
    return this.#ask('turn', after < 0 ? {} : { after })
  }

  /** Of a viewing: how a chunk's time was spent. */
  async played(played: v.InferOutput<typeof playedSchema>): Promise<void> {
    await this.#ask('played', played)
  }

  async #ask<N extends 'turn' | 'played'>(
    name: N,
    params: v.InferOutput<(typeof channelRequests)[N]['params']>,
  ): Promise<v.InferOutput<(typeof channelRequests)[N]['result']>> {
    for (let round = 0; ; round++) {
      const connected = this.#connected()
      const peer = await connected
      try {
        return await peer.ask(name, params)
      } catch (thrown) {
        if (!peer.closed.aborted || round > 0) throw thrown
        this.#forget(connected)
      }
    }
  }

  close(): void {
    void this.#peer?.then(
      peer => peer.close(),
      () => undefined,
    )
    this.#peer = undefined
  }

  #connected(): Promise<Peer> {
    if (this.#peer === undefined) {
      const connecting = this.#connect()
      this.#peer = connecting
      connecting.then(
        peer => {
          const forget = (): void => this.#forget(connecting)
          peer.closed.addEventListener('abort', forget)
          if (peer.closed.aborted) forget()
        },
        () => this.#forget(connecting),
      )
    }
    return this.#peer
  }

  #forget(peer: Promise<Peer>): void {
    if (this.#peer === peer) this.#peer = undefined
  }

  async #connect(): Promise<Peer> {
    const { broker, lifelines } = this.#ports
    const { port1, port2 } = new MessageChannel()
    const peer = connectPort(port1, {}, {}, channelRequests)
    try {
      await broker(port2)
      const { lifeline } = await peer.ask('hello', { lifeline: await lifelines.hold() })
      lifelines.ended(lifeline, peer.closed).then(peer.close, () => undefined)
      return peer
    } catch (thrown) {
      peer.close()
      throw thrown
    }
  }
}
