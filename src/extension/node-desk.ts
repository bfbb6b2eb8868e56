import type * as v from 'valibot'
import type { playedSchema, ViewingView } from '#bridge/earning.ts'
import type { Lifelines } from '#bridge/lifeline.ts'
import { channelRequests, nodeCallbacks, nodeRequests } from '#bridge/node-contract.ts'
import { connectPort, type PortPeer } from '#bridge/port-rpc.ts'
import type { Meter, Network } from '#bridge/shapes.ts'
import type { Acceptance } from '#protocol/acceptance.ts'
import type { Quote, Viewer, Meter as ViewerMeter } from '#roles/viewer/api.ts'
import type { Turn } from '#roles/viewer/viewing.ts'
import type { FormatName, Hash, PurchaseNonce, VideoId } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { AskedRange } from './byte-range.ts'
import type { Earner } from './earner.ts'
import { type ReadPart, sourceOf } from './part-source.ts'
import { RecentQuotes } from './recent-quotes.ts'
import { sendStream } from './stream-sender.ts'

type Background = PortPeer<typeof nodeCallbacks>
/** What the machine keeps of films. */
export type KeptFilms = {
  /** Up to so many bytes, from now on. */
  keep(bytes: number): void
  /** None of what it has. */
  forget(): Promise<void>
}

/** What the node does on one network. */
export type NodeRoles = {
  readonly viewer: Viewer
  /** Made when it is first asked for. */
  readonly earner: () => Promise<Earner>
  /** Ends both: what is due is signed, what runs is left. */
  stop(): Promise<void>
}
type NodePorts = {
  readonly lifelines: Lifelines
  /** `told`: hears of each promise of a viewing. */
  readonly createRoles: (network: Network, told: (viewing: ViewingView) => void) => Promise<NodeRoles>
  readonly films: KeptFilms
  /** Called when nothing was asked for so long that the node may end. */
  readonly idle: () => void
}

/** A part of a file of a bought video. */
type AskedPart = {
  readonly network: Network
  readonly purchase: PurchaseNonce
  readonly path: string
  readonly range?: AskedRange | undefined
}

/** How a page's channel is served: what it may ask of the one thing that it may play. */
type ChannelServer = {
  read(
    stream: MessagePort | undefined,
    part: { readonly path: string; readonly range?: AskedRange | undefined },
    ended: AbortSignal,
  ): void
  turn?(after: number, ended: AbortSignal): Promise<Turn>
  played?(played: v.InferOutput<typeof playedSchema>): void
}

const idleMs = 5 * 60_000
const quoteMs = 60_000
const buyMs = 180_000
const lookMs = 20_000
const acceptMs = 60_000
/** A purchase that nobody reads for so long is paid up to its last byte: its player may be gone for good. */
const flushAfterMs = 3_000

/** The node as its Worker serves it: one viewer for the present network, asked over ports that come and go. */
export class NodeDesk {
  readonly #ports: NodePorts
  #roles: { readonly key: string; readonly roles: Promise<NodeRoles> } | undefined
  /** Purchases that the viewer reads now. */
  readonly #open = new Map<PurchaseNonce, Promise<void>>()
  /** Streams of each purchase that are open, and what waits for the last of them to be followed by no other. */
  readonly #streams = new Map<PurchaseNonce, number>()
  readonly #flushes = new Map<PurchaseNonce, ReturnType<typeof setTimeout>>()
  readonly #quotes = new RecentQuotes()
  readonly #backgrounds = new Set<Background>()
  /** Ports of pages, by the purchase that they may read. */
  readonly #channels = new Map<PurchaseNonce | Hash, Set<PortPeer<Record<string, never>>>>()
  #busy = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ports: NodePorts) {
    this.#ports = ports
    this.#rest()
  }

  /** Serves one background worker, until its port closes. */
  connect(port: MessagePort): void {
    const { lifelines } = this.#ports
    const background: Background = connectPort(
      port,
      nodeRequests,
      {
        hello: async ({ lifeline, keptBytes }) => {
          lifelines.ended(lifeline, background.closed).then(background.close, () => undefined)
          this.#ports.films.keep(keptBytes)
          return { lifeline: await lifelines.hold() }
        },
        keep: async ({ keptBytes }) => {
          this.#ports.films.keep(keptBytes)
          return {}
        },
        forget: () =>
          this.#work(async () => {
            await this.#ports.films.forget()
            return {}
          }),
        quote: ({ network, video, format }) => this.#work(() => this.#quote(network, video, format)),
        buy: ({ network, order, nodeKey }) =>
          this.#work(async () => {
            const viewer = await this.#viewerOf(network)
            const signal = AbortSignal.timeout(buyMs)
            const quote = this.#quotes.of(order) ?? (await viewer.quote(order.id, order.format, signal))
            let readable: PurchaseNonce | undefined
            const tell = (purchase: PurchaseNonce): void => {
              readable = purchase
              this.#open.set(purchase, Promise.resolve())
              background.ask('readable', { purchase }).catch(() => undefined)
            }
            try {
              return { purchase: await viewer.buy(quote, order, bytesFromHex(nodeKey), signal, tell) }
            } catch (thrown) {
              if (readable !== undefined) this.#open.delete(readable)
              throw thrown
            }
          }),
        open: ({ network, purchase }) =>
          this.#work(async () => {
            const viewer = await this.#opened(network, purchase, background)
            return meterOf(viewer.meter(purchase))
          }),
        settlement: ({ network, purchase }) =>
          this.#work(async () => {
            const viewer = await this.#viewerOf(network)
            return viewer.settlement(purchase, AbortSignal.timeout(quoteMs))
          }),
        stop: ({ network, purchase }) =>
          this.#work(async () => {
            const viewer = await this.#opened(network, purchase, background)
            await viewer.stop(purchase, AbortSignal.timeout(quoteMs))
            this.#open.delete(purchase)
            this.#closeChannels(purchase)
            return {}
          }),
        read: async ({ network, purchase, path, range }, [stream]) => {
          this.#stream({ network, purchase, path, range }, background, background.closed, stream)
          return {}
        },
        channel: async ({ network, purchase }, [port]) => {
          // Whoever asks has the present network; it is not changed back by a page that was opened before.
          await this.#viewerOf(network)
          this.#serveChannel(purchase, port, {
            read: (stream, { path, range }, ended) =>
              this.#stream({ network, purchase, path, range }, background, ended, stream),
          })
          return {}
        },
        bids: ({ network, ...wish }) =>
          this.#work(async () => {
            const earner = await this.#earnerOf(network)
            return { bids: [...(await earner.look(wish, AbortSignal.timeout(lookMs)))] }
          }),
        accept: ({ network, bid, payee }) =>
          this.#work(async () => {
            const earner = await this.#earnerOf(network)
            const sign = async (acceptance: Acceptance) =>
              (await background.ask('sign-acceptance', acceptance)).signature
            return earner.accept(bid, payee, sign, AbortSignal.timeout(acceptMs))
          }),
        'viewing-resume': ({ network, payee }) =>
          this.#work(async () => {
            const viewing = await (await this.#earnerOf(network)).resume(payee)
            return viewing === undefined ? {} : { viewing }
          }),
        viewing: async ({ network, viewing }) => (await this.#earnerOf(network)).view(viewing),
        'viewing-stop': async ({ network, viewing }) => {
          ;(await this.#earnerOf(network)).stop(viewing)
          return {}
        },
        'viewing-channel': async ({ network, viewing }, [port]) => {
          this.#serveViewing(await this.#earnerOf(network), viewing, port)
          return {}
        },
      },
      nodeCallbacks,
    )
    this.#backgrounds.add(background)
    background.closed.addEventListener('abort', () => this.#backgrounds.delete(background))
  }

  /** Serves one page that may play a viewing that pays, until either ends. */
  #serveViewing(earner: Earner, bid: Hash, port: MessagePort | undefined): void {
    const viewing = earner.viewing(bid)
    const left = earner.follow(bid)
    const closed = this.#serveChannel(bid, port, {
      read: (stream, { path, range }, ended) => {
        if (stream === undefined) throw new ParatiiError('request-malformed')
        const read: ReadPart = (part, signal) => viewing.read(path, part, signal)
        void this.#work(() =>
          sendStream(stream, ended, signal => sourceOf(read, () => undefined, range, signal)),
        )
      },
      turn: (after, ended) => this.#work(() => viewing.turnAfter(after, ended)),
      played: ({ chunk, ...played }) => viewing.played(chunk, played),
    })
    closed.addEventListener('abort', left)
  }

  /** Serves one page that may stream what `id` names, until either ends or that is stopped. */
  #serveChannel(id: PurchaseNonce | Hash, port: MessagePort | undefined, serve: ChannelServer): AbortSignal {
    if (port === undefined) throw new ParatiiError('request-malformed')
    const { lifelines } = this.#ports
    const page: PortPeer<Record<string, never>> = connectPort(
      port,
      channelRequests,
      {
        hello: async ({ lifeline }) => {
          lifelines.ended(lifeline, page.closed).then(page.close, () => undefined)
          return { lifeline: await lifelines.hold() }
        },
        read: async (part, [stream]) => {
          serve.read(stream, part, page.closed)
          return {}
        },
        turn: async ({ after = -1 }) => {
          if (serve.turn === undefined) throw new ParatiiError('unsupported')
          return serve.turn(after, page.closed)
        },
        played: async played => {
          serve.played?.(played)
          return {}
        },
      },
      {},
    )
    const channels = this.#channels.get(id) ?? new Set()
    this.#channels.set(id, channels.add(page))
    page.closed.addEventListener('abort', () => {
      channels.delete(page)
      if (channels.size === 0) this.#channels.delete(id)
    })
    return page.closed
  }

  #closeChannels(id: PurchaseNonce | Hash): void {
    for (const page of [...(this.#channels.get(id) ?? [])]) page.close()
  }

  #stream(asked: AskedPart, background: Background, readerEnded: AbortSignal, port?: MessagePort): void {
    if (port === undefined) throw new ParatiiError('request-malformed')
    const { network, purchase } = asked
    void this.#work(() =>
      this.#reading(purchase, () =>
        sendStream(port, readerEnded, async signal => {
          const viewer = await this.#opened(network, purchase, background)
          const read: ReadPart = (part, partSignal) => viewer.read(purchase, asked.path, part, partSignal)
          return sourceOf(read, buffer => viewer.recycle(buffer), asked.range, signal)
        }),
      ),
    )
  }

  async #quote(network: Network, video: VideoId, format: FormatName) {
    const viewer = await this.#viewerOf(network)
    const quote: Quote = await viewer.quote(video, format, AbortSignal.timeout(quoteMs))
    this.#quotes.keep(quote)
    const { terms, hosts, capacity } = quote
    return {
      title: quote.video.document.title,
      durationSeconds: quote.video.document.duration,
      terms,
      hosts,
      capacity,
    }
  }

  /** The viewer with this purchase open. Its key is asked for once, of the background that wants to read it. */
  async #opened(network: Network, purchase: PurchaseNonce, background: Background): Promise<Viewer> {
    const viewer = await this.#viewerOf(network)
    let opening = this.#open.get(purchase)
    if (opening === undefined) {
      opening = background
        .ask('node-key', { purchase })
        .then(({ nodeKey }) => viewer.resume(purchase, bytesFromHex(nodeKey), AbortSignal.timeout(quoteMs)))
      this.#open.set(purchase, opening)
      opening.catch(() => this.#open.delete(purchase))
    }
    await opening
    return viewer
  }

  async #viewerOf(network: Network): Promise<Viewer> {
    return (await this.#rolesOf(network)).viewer
  }

  async #earnerOf(network: Network): Promise<Earner> {
    return (await this.#rolesOf(network)).earner()
  }

  #rolesOf(network: Network): Promise<NodeRoles> {
    const key = `${network.chainId} ${network.rpcUrl} ${network.registry}`
    if (this.#roles?.key === key) return this.#roles.roles
    const before = this.#roles?.roles
    this.#open.clear()
    this.#quotes.clear()
    for (const id of [...this.#channels.keys()]) this.#closeChannels(id)
    const roles = this.#createRoles(network, before)
    this.#roles = { key, roles }
    roles.catch(() => {
      if (this.#roles?.roles === roles) this.#roles = undefined
    })
    return roles
  }

  async #createRoles(network: Network, before: Promise<NodeRoles> | undefined): Promise<NodeRoles> {
    await (await before?.catch(() => undefined))?.stop()
    const roles = await this.#ports.createRoles(network, viewing => {
      for (const background of this.#backgrounds) background.ask('viewing', viewing).catch(() => undefined)
    })
    roles.viewer.on(event => {
      if (event.type !== 'meter') return
      for (const background of this.#backgrounds)
        background.ask('meter', meterOf(event.meter)).catch(() => undefined)
    })
    return roles
  }

  /** Runs a stream of a purchase; soon after the last one what was verified is signed and delivered. */
  async #reading(purchase: PurchaseNonce, stream: () => Promise<void>): Promise<void> {
    clearTimeout(this.#flushes.get(purchase))
    this.#flushes.delete(purchase)
    this.#streams.set(purchase, (this.#streams.get(purchase) ?? 0) + 1)
    try {
      await stream()
    } finally {
      const left = (this.#streams.get(purchase) ?? 1) - 1
      if (left > 0) {
        this.#streams.set(purchase, left)
      } else {
        this.#streams.delete(purchase)
        this.#flushes.set(
          purchase,
          setTimeout(() => this.#flush(purchase), flushAfterMs),
        )
      }
    }
  }

  #flush(purchase: PurchaseNonce): void {
    this.#flushes.delete(purchase)
    // A purchase that was stopped, or is of another network by now, was flushed when it was left.
    void this.#work(async () => (await this.#roles?.roles)?.viewer.flush(purchase)).catch(() => undefined)
  }

  /** Runs what was asked for, and starts to rest when it was the last. */
  async #work<T>(job: () => Promise<T>): Promise<T> {
    this.#busy++
    clearTimeout(this.#timer)
    try {
      return await job()
    } finally {
      if (--this.#busy === 0) this.#rest()
    }
  }

  #rest(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      void (async () => {
        await (await this.#roles?.roles.catch(() => undefined))?.stop()
        if (this.#busy === 0) this.#ports.idle()
      })()
    }, idleMs)
  }
}

const meterOf = (meter: ViewerMeter): Meter => ({
  purchase: meter.nonce,
  verifiedBytes: meter.verifiedBytes,
  paidWei: meter.paidWei,
  hosts: meter.hosts.filter(host => host.bytes > 0).length,
  failures: meter.hosts.reduce((sum, host) => sum + host.failures, 0),
})
