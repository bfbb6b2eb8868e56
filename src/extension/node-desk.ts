import type { Lifelines } from '#bridge/lifeline.ts'
import { channelRequests, nodeCallbacks, nodeRequests } from '#bridge/node-contract.ts'
import { connectPort, type PortPeer } from '#bridge/port-rpc.ts'
import type { Meter, Network } from '#bridge/shapes.ts'
import type { Order } from '#protocol/order.ts'
import { hashTerms } from '#protocol/terms.ts'
import type { Quote, Viewer, Meter as ViewerMeter } from '#roles/viewer/api.ts'
import type { FormatName, Hash, PurchaseNonce, VideoId } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { type AskedRange, resolveRange } from './byte-range.ts'
import { type StreamSource, sendStream } from './stream-sender.ts'

type Background = PortPeer<typeof nodeCallbacks>
/** What the machine keeps of films. */
export type KeptFilms = {
  /** Up to so many bytes, from now on. */
  keep(bytes: number): void
  /** None of what it has. */
  forget(): Promise<void>
}

type NodePorts = {
  readonly lifelines: Lifelines
  readonly createViewer: (network: Network) => Promise<Viewer>
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

const idleMs = 5 * 60_000
const quoteMs = 60_000
const buyMs = 180_000
const maxQuotes = 8
/** A purchase that nobody reads for so long is paid up to its last byte: its player may be gone for good. */
const flushAfterMs = 3_000

/** The node as its Worker serves it: one viewer for the present network, asked over ports that come and go. */
export class NodeDesk {
  readonly #ports: NodePorts
  #viewer: { readonly key: string; readonly viewer: Promise<Viewer> } | undefined
  /** Purchases that the viewer reads now. */
  readonly #open = new Map<PurchaseNonce, Promise<void>>()
  /** Streams of each purchase that are open, and what waits for the last of them to be followed by no other. */
  readonly #streams = new Map<PurchaseNonce, number>()
  readonly #flushes = new Map<PurchaseNonce, ReturnType<typeof setTimeout>>()
  /** The newest quotes, by the hash of their terms. */
  readonly #quotes = new Map<Hash, Quote>()
  readonly #backgrounds = new Set<Background>()
  /** Ports of pages, by the purchase that they may read. */
  readonly #channels = new Map<PurchaseNonce, Set<PortPeer<Record<string, never>>>>()
  #busy = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ports: NodePorts) {
    this.#ports = ports
    this.#rest()
  }

  /** Serves one background worker, until its port closes. */
  connect(port: MessagePort): void {
    const { lifelines } = this.#ports
    const background = connectPort(
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
            const quote = this.#quoteOf(order) ?? (await viewer.quote(order.id, order.format, signal))
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
          this.#serveChannel(network, purchase, background, port)
          return {}
        },
      },
      nodeCallbacks,
    )
    this.#backgrounds.add(background)
    background.closed.addEventListener('abort', () => this.#backgrounds.delete(background))
  }

  /** Serves one page that may stream a purchase, until either ends or the purchase is stopped. */
  #serveChannel(
    network: Network,
    purchase: PurchaseNonce,
    background: Background,
    port: MessagePort | undefined,
  ): void {
    if (port === undefined) throw new ParatiiError('request-malformed')
    const { lifelines } = this.#ports
    const page = connectPort(
      port,
      channelRequests,
      {
        hello: async ({ lifeline }) => {
          lifelines.ended(lifeline, page.closed).then(page.close, () => undefined)
          return { lifeline: await lifelines.hold() }
        },
        read: async ({ path, range }, [stream]) => {
          this.#stream({ network, purchase, path, range }, background, page.closed, stream)
          return {}
        },
      },
      {},
    )
    const channels = this.#channels.get(purchase) ?? new Set()
    this.#channels.set(purchase, channels.add(page))
    page.closed.addEventListener('abort', () => {
      channels.delete(page)
      if (channels.size === 0) this.#channels.delete(purchase)
    })
  }

  #closeChannels(purchase: PurchaseNonce): void {
    for (const page of [...(this.#channels.get(purchase) ?? [])]) page.close()
  }

  #stream(asked: AskedPart, background: Background, readerEnded: AbortSignal, port?: MessagePort): void {
    if (port === undefined) throw new ParatiiError('request-malformed')
    const { network, purchase } = asked
    void this.#work(() =>
      this.#reading(purchase, () =>
        sendStream(port, readerEnded, async signal =>
          sourceOf(await this.#opened(network, purchase, background), asked, signal),
        ),
      ),
    )
  }

  /** The quote that an order was made from, if it was given by this node: asked once more it would only cost time. */
  #quoteOf({ terms, leaves }: Order): Quote | undefined {
    const quote = this.#quotes.get(hashTerms(terms))
    const isOfIt = leaves.every(({ key }) => quote?.hosts.some(host => host.key === key))
    return isOfIt ? quote : undefined
  }

  #keepQuote(quote: Quote): void {
    const name = hashTerms(quote.terms)
    this.#quotes.delete(name)
    this.#quotes.set(name, quote)
    for (const oldest of this.#quotes.keys()) {
      if (this.#quotes.size <= maxQuotes) break
      this.#quotes.delete(oldest)
    }
  }

  async #quote(network: Network, video: VideoId, format: FormatName) {
    const viewer = await this.#viewerOf(network)
    const quote: Quote = await viewer.quote(video, format, AbortSignal.timeout(quoteMs))
    this.#keepQuote(quote)
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
    const key = `${network.chainId} ${network.rpcUrl} ${network.registry}`
    if (this.#viewer?.key === key) return this.#viewer.viewer
    const before = this.#viewer?.viewer
    this.#open.clear()
    this.#quotes.clear()
    for (const bought of [...this.#channels.keys()]) this.#closeChannels(bought)
    const viewer = this.#createViewer(network, before)
    this.#viewer = { key, viewer }
    viewer.catch(() => {
      if (this.#viewer?.viewer === viewer) this.#viewer = undefined
    })
    return viewer
  }

  async #createViewer(network: Network, before: Promise<Viewer> | undefined): Promise<Viewer> {
    await (await before?.catch(() => undefined))?.shutdown()
    const viewer = await this.#ports.createViewer(network)
    viewer.on(event => {
      if (event.type !== 'meter') return
      for (const background of this.#backgrounds)
        background.ask('meter', meterOf(event.meter)).catch(() => undefined)
    })
    return viewer
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
    void this.#work(async () => (await this.#viewer?.viewer)?.flush(purchase)).catch(() => undefined)
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
        await (await this.#viewer?.viewer.catch(() => undefined))?.shutdown()
        if (this.#busy === 0) this.#ports.idle()
      })()
    }, idleMs)
  }
}

async function sourceOf(
  viewer: Viewer,
  { purchase, path, range }: AskedPart,
  signal: AbortSignal,
): Promise<StreamSource> {
  const open = async (asked: AskedRange | undefined) => {
    if (asked === undefined) return viewer.read(purchase, path, undefined, signal)
    if ('first' in asked) {
      const { first: start, last: end } = asked
      return viewer.read(purchase, path, end === undefined ? { start } : { start, end }, signal)
    }
    // Only its size says where the last bytes of a file begin; nothing is fetched to learn it.
    const { size } = await viewer.read(purchase, path, undefined, signal)
    const part = resolveRange(asked, size)
    if (part === undefined) throw new ParatiiError('range-invalid', { size })
    return viewer.read(purchase, path, { start: part.start, end: part.end - 1 }, signal)
  }
  const { size, start, end, contentType, body } = await open(range)
  return { size, start, end: end + 1, contentType, body, recycle: buffer => viewer.recycle(buffer) }
}

const meterOf = (meter: ViewerMeter): Meter => ({
  purchase: meter.nonce,
  verifiedBytes: meter.verifiedBytes,
  paidWei: meter.paidWei,
  hosts: meter.hosts.filter(host => host.bytes > 0).length,
  failures: meter.hosts.reduce((sum, host) => sum + host.failures, 0),
})
