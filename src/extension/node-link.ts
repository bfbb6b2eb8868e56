import type * as v from 'valibot'
import type { Lifelines } from '#bridge/lifeline.ts'
import { nodeCallbacks, nodeRequests } from '#bridge/node-contract.ts'
import { connectPort, type PortHandlers, type PortPeer } from '#bridge/port-rpc.ts'
import { ParatiiError } from '#std/error.ts'

type NodePeer = PortPeer<typeof nodeRequests>
/** What a node is told when it is met. */
type NodeTold = { readonly keptBytes: number }
type NodeRequest = keyof typeof nodeRequests & string

/** Where the node lives: a page of ours that nobody sees, and how it is reached. */
export interface NodePlace {
  /** Makes the page if there is none. */
  open(): Promise<void>
  close(): Promise<void>
  /** Hands the page a port to its Worker; false if there is no page. */
  connect(port: MessagePort): Promise<boolean>
}

const helloTimeoutMs = 8_000

/**
 * The way to the node: started by the first question that needs it, found again by a worker that was restarted, and
 * made anew when the page or its Worker died.
 */
export class NodeLink {
  readonly #place: NodePlace
  readonly #lifelines: Lifelines
  readonly #callbacks: PortHandlers<typeof nodeCallbacks>
  readonly #told: () => Promise<NodeTold>
  #peer: NodePeer | undefined
  #connecting: Promise<NodePeer> | undefined

  constructor(
    place: NodePlace,
    lifelines: Lifelines,
    callbacks: PortHandlers<typeof nodeCallbacks>,
    told: () => Promise<NodeTold>,
  ) {
    this.#told = told
    this.#place = place
    this.#lifelines = lifelines
    this.#callbacks = callbacks
  }

  /** Asks the node, starting it if need be. A node that dies over a question is asked once more when it is back. */
  async ask<N extends NodeRequest>(
    name: N,
    params: v.InferOutput<(typeof nodeRequests)[N]['params']>,
  ): Promise<v.InferOutput<(typeof nodeRequests)[N]['result']>> {
    const peer = await this.#connected()
    try {
      return await peer.ask(name, params)
    } catch (thrown) {
      if (!peer.closed.aborted) throw thrown
      return (await this.#connected()).ask(name, params)
    }
  }

  /** Tells a node that runs what is other now; one that starts later is told then. */
  async tellAnew(): Promise<void> {
    await this.#peer?.ask('keep', await this.#told())
  }

  /** Starts a stream: the port it comes by, and what tells of the end of whoever sends it. */
  async stream(
    params: v.InferOutput<(typeof nodeRequests)['read']['params']>,
  ): Promise<{ readonly port: MessagePort; readonly ended: AbortSignal }> {
    const peer = await this.#connected()
    const { port1, port2 } = new MessageChannel()
    peer.ask('read', params, [port2]).catch(() => port2.close())
    return { port: port1, ended: peer.closed }
  }

  /** Hands the node a page's port, to serve a purchase over it without us. */
  async channel(
    params: v.InferOutput<(typeof nodeRequests)['channel']['params']>,
    port: MessagePort,
  ): Promise<void> {
    const peer = await this.#connected()
    await peer.ask('channel', params, [port])
  }

  /** The same for a viewing that pays. */
  async viewingChannel(
    params: v.InferOutput<(typeof nodeRequests)['viewing-channel']['params']>,
    port: MessagePort,
  ): Promise<void> {
    const peer = await this.#connected()
    await peer.ask('viewing-channel', params, [port])
  }

  #connected(): Promise<NodePeer> {
    if (this.#peer !== undefined) return Promise.resolve(this.#peer)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<NodePeer> {
    for (let round = 0; round < 2; round++) {
      await this.#place.open()
      const peer = await this.#tryConnect()
      if (peer !== undefined) return this.#adopt(peer)
      // A page whose Worker does not answer is of no use.
      await this.#place.close()
    }
    throw new ParatiiError('fault', { reason: 'the node does not start' })
  }

  async #tryConnect(): Promise<NodePeer | undefined> {
    const { port1, port2 } = new MessageChannel()
    if (!(await this.#place.connect(port2))) return undefined
    const peer = connectPort(port1, nodeCallbacks, this.#callbacks, nodeRequests)
    const timer = setTimeout(() => peer.close(), helloTimeoutMs)
    try {
      const { lifeline } = await peer.ask('hello', {
        lifeline: await this.#lifelines.hold(),
        ...(await this.#told()),
      })
      this.#lifelines.ended(lifeline, peer.closed).then(peer.close, () => undefined)
      return peer
    } catch {
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  #adopt(peer: NodePeer): NodePeer {
    this.#peer = peer
    const forget = (): void => {
      if (this.#peer === peer) this.#peer = undefined
    }
    peer.closed.addEventListener('abort', forget)
    if (peer.closed.aborted) forget()
    return peer
  }
}
