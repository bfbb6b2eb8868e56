import { isFreeRoot } from '#chain/free-formats.ts'
import { revocationsOf } from '#chain/mailbox-keys.ts'
import { multiaddrFromUrl } from '#network/address.ts'
import { type BlockServer, type BlockSource, startBlockServer } from '#network/block-server.ts'
import { DirectoryShelf } from '#network/directory-shelf.ts'
import { serveExchange } from '#network/exchange-server.ts'
import { FreeBlocks, freeRates } from '#network/free-blocks.ts'
import { serveFree } from '#network/free-stream.ts'
import { leavesOfRanges } from '#network/leaf-request.ts'
import type { Letter } from '#network/mailbox.ts'
import { Outbox } from '#network/outbox.ts'
import { PostOffice } from '#network/post-office.ts'
import { RateBound } from '#network/rate-bound.ts'
import { RequestGuard } from '#network/request-guard.ts'
import { parseBlockTarget, recoverBlockRequest } from '#protocol/block-request.ts'
import type { Order } from '#protocol/order.ts'
import { type Receipt, signSentReceipt } from '#protocol/receipt.ts'
import type { Replicate } from '#protocol/replicate.ts'
import { addressOf, identityOf } from '#protocol/signature.ts'
import type { Address, PurchaseNonce, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { Account } from './account.ts'
import { findHostList, listKeptVideos } from './kept-videos.ts'
import type { HostPorts } from './ports.ts'
import { PurchaseDesk } from './purchase-desk.ts'
import { Replicator } from './replicator.ts'
import { listHeldReceipts } from './served-purchases.ts'
import { type HostStatus, readHostStatus, settleHost } from './settling.ts'

const offerWithinMs = 30_000
const sendReceiptsMs = 1_000
/** A publisher writes when there is news; the offer again is for what was missed, and for changed terms. */
const offerEveryMs = 300_000
/** Host lists hold for an hour. */
const listEveryMs = 900_000
const drainWithinMs = 5_000
const settleWithinMs = 60_000

export type Host = {
  /** URL of the data plane as others reach it; undefined without one. */
  readonly url: string | undefined
  /** Multiaddrs told to publishers: libp2p, and the data plane. */
  addresses(): readonly string[]
  /** Offers itself to the configured publishers and copies what they want kept. Resolves when all of it was tried. */
  offer(signal: AbortSignal): Promise<void>
  /** Settles what the policy says is worth it; with `isStopping` whatever pays. */
  settle(isStopping: boolean, signal?: AbortSignal): Promise<void>
  /** One round of what is done every `tickMs`. */
  tick(signal: AbortSignal): Promise<void>
  status(): Promise<HostStatus>
  /** Ends streams, gives receipts to owners that answer, settles what pays, and stops. */
  stop(): Promise<void>
}

/** Starts a host: serves what it keeps, then offers itself. */
export const startHost = async (ports: HostPorts): Promise<Host> => {
  const host = new RunningHost(ports)
  await host.start()
  return host
}

class RunningHost implements Host {
  readonly #ports: HostPorts
  readonly #identity: ReturnType<typeof identityOf>
  readonly #shelf: DirectoryShelf
  readonly #desk: PurchaseDesk
  readonly #replicator: Replicator
  readonly #guard: RequestGuard
  readonly #rates: RateBound
  readonly #free: FreeBlocks
  readonly #stopping = new AbortController()
  /** Receipts that are stored and not yet in the outbox. */
  readonly #unsent = new Map<PurchaseNonce, { readonly order: Order; readonly receipt: Receipt }>()
  #sending: ReturnType<typeof setTimeout> | undefined
  readonly #offeredAtMs = new Map<Address, number>()
  readonly #listedAtMs = new Map<VideoId, number>()
  #parts:
    | {
        /** Absent where bytes go by streams alone. */
        readonly server: BlockServer | undefined
        readonly office: PostOffice
        readonly outbox: Outbox
        endExchange(): Promise<void>
        endFree(): Promise<void>
      }
    | undefined
  #ticking: Promise<void> = Promise.resolve()

  constructor(ports: HostPorts) {
    this.#ports = ports
    this.#identity = identityOf(ports.crypto, ports.nodeKey)
    this.#shelf = new DirectoryShelf(ports.blocks)
    this.#replicator = new Replicator(ports)
    this.#guard = new RequestGuard(ports.clock)
    this.#rates = new RateBound({ clock: ports.clock, ...freeRates })
    this.#free = new FreeBlocks({
      ...ports,
      shelf: this.#shelf,
      rates: this.#rates,
      roots: async () => (await listKeptVideos(ports.records)).map(video => video.root),
      isFree: async (root, signal) =>
        isFreeRoot(ports.reader, await listKeptVideos(ports.records), root, signal),
    })
    this.#desk = new PurchaseDesk({
      ports,
      shelf: this.#shelf,
      identity: this.#identity,
      url: () => this.url,
      onReceipt: (account, receipt) => this.#noteReceipt(account, receipt),
    })
  }

  get url(): string | undefined {
    return this.#ports.config.dataPlane?.publicUrl ?? this.#running.server?.url
  }

  get #running() {
    if (this.#parts === undefined) throw new ParatiiError('stopping')
    return this.#parts
  }

  async start(): Promise<void> {
    const { config, node, records, clock, nodeKey } = this.#ports
    const office = await PostOffice.start({
      ...this.#ports,
      relays: config.relays,
      onFault: error => this.#fail('mail-failed', error),
      isRevoked: revocationsOf(this.#ports.reader, this.#ports.crypto, this.#ports.clock),
    })
    const outbox = await Outbox.start({
      records,
      clock,
      deliver: (owner, envelope, signal) => this.#deliver(owner as Address, envelope, signal),
      onRefused: (slot, error) => this.#ports.notice('receipt-refused', { slot, code: error.code }),
    })
    const source = this.#source()
    const server =
      config.dataPlane &&
      (await startBlockServer({
        source,
        host: config.dataPlane.host,
        port: config.dataPlane.port,
        onFault: error => this.#fail('serve-failed', error),
      }))
    const endExchange = await serveExchange(node, this.#desk)
    const endFree = await serveFree(node, source)
    this.#parts = { server, office, outbox, endExchange, endFree }
    office.letters.open(nodeKey, (letter, signal) => this.#read(letter, signal))
    await this.#noteStored()
    this.#ticking = this.#keepTicking()
  }

  addresses(): readonly string[] {
    const http = multiaddrFromUrl(this.url ?? '')
    return [...this.#ports.node.getMultiaddrs().map(String), ...(http === undefined ? [] : [http])]
  }

  async offer(signal: AbortSignal): Promise<void> {
    const { clock, config } = this.#ports
    for (const owner of config.publishers) {
      try {
        const turn = AbortSignal.any([signal, AbortSignal.timeout(offerWithinMs)])
        const { videos } = await this.#offerTo(owner, turn)
        this.#offeredAtMs.set(owner, clock.nowMs())
        await this.#keep(owner, videos, signal)
      } catch (thrown) {
        signal.throwIfAborted()
        this.#fail('offer-failed', errorFrom(thrown), { owner })
      }
    }
  }

  async settle(isStopping: boolean, signal?: AbortSignal): Promise<void> {
    for (const nonce of await settleHost(this.#ports, isStopping, signal)) this.#desk.end(nonce)
  }

  async tick(signal: AbortSignal): Promise<void> {
    const { clock, config, records } = this.#ports
    const isDue = (lastMs: number | undefined, everyMs: number) => clock.nowMs() - (lastMs ?? 0) >= everyMs
    if (config.publishers.some(owner => isDue(this.#offeredAtMs.get(owner), offerEveryMs)))
      await this.offer(signal)
    for (const { id, owner } of await listKeptVideos(records)) {
      if (isDue(this.#listedAtMs.get(id), listEveryMs)) await this.#refreshList(owner, id, signal)
    }
    if (this.#unsent.size > 0) await this.#sendReceipts()
    await this.settle(false, signal)
  }

  status(): Promise<HostStatus> {
    return readHostStatus(this.#ports)
  }

  async stop(): Promise<void> {
    const { server, office, outbox, endExchange, endFree } = this.#running
    this.#stopping.abort(new ParatiiError('stopping'))
    this.#desk.endAll()
    await endExchange()
    await endFree()
    await server?.stop()
    await this.#ticking
    await this.#sendReceipts()
    await outbox.drain(AbortSignal.timeout(drainWithinMs))
    await this.settle(true, AbortSignal.timeout(settleWithinMs)).catch(thrown =>
      this.#fail('settle-failed', errorFrom(thrown)),
    )
    await outbox.stop()
    await office.stop()
    this.#parts = undefined
  }

  #source(): BlockSource {
    const { blocks, crypto, records } = this.#ports
    return {
      hosts: async id => {
        const list = await findHostList(records, id)
        if (list === undefined) throw new ParatiiError('video-unknown', { id })
        return list
      },
      head: async (root, peer) => {
        const isKept = (await listKeptVideos(records)).some(video => video.root === root)
        if (!isKept) throw new ParatiiError('not-replicated', { root })
        const head = await this.#shelf.head(root)
        if (!this.#rates.take(peer, head.length)) throw new ParatiiError('rate-limited')
        return head
      },
      gateway: { free: this.#free, blocks },
      open: async (target, signal) => {
        const signed = orThrow(parseBlockTarget(target))
        const { request } = signed
        const key = orThrow(recoverBlockRequest(crypto, signed, this.#identity.publicKey))
        if (request.purchase === 'replicate') throw new ParatiiError('not-listed')
        const account = await this.#desk.find(request.purchase, signal)
        if (addressOf(crypto, key) !== account.signer) throw new ParatiiError('signature-invalid')
        if (request.root !== account.root) throw new ParatiiError('not-replicated', { root: request.root })
        this.#guard.admit(key, request)
        return account.feed(leavesOfRanges(account.directory, request.leaves))
      },
    }
  }

  /** The mail a host reads: what a publisher that it offered itself to wants kept, and that its own mail arrived. */
  async #read({ sender, message }: Letter, signal: AbortSignal): Promise<void> {
    if (message.type === 'ack')
      return this.#running.outbox.acknowledge(sender, message.body.of, message.body.code)
    if (message.type !== 'replicate') throw new ParatiiError('unsupported')
    for (const owner of this.#ports.config.publishers) {
      if ((await this.#ports.reader.mailboxKey(owner, signal)) !== sender) continue
      // Copying takes long: the letter is answered now, and what fails is copied at the next offer.
      this.#keep(owner, message.body.videos, this.#stopping.signal).catch(() => {})
      return
    }
    throw new ParatiiError('not-permitted')
  }

  async #keep(owner: Address, videos: Replicate['videos'], signal: AbortSignal): Promise<void> {
    for (const { id, formats } of videos) {
      for (const format of formats) {
        try {
          await this.#replicator.replicate(owner, id, format, signal)
        } catch (thrown) {
          signal.throwIfAborted()
          // Asked for again at the next tick.
          this.#offeredAtMs.delete(owner)
          this.#fail('not-kept', errorFrom(thrown), { id, format })
        }
      }
    }
  }

  /** Without a fresh list the old one is passed on until it expires. */
  async #refreshList(owner: Address, id: VideoId, signal: AbortSignal): Promise<void> {
    try {
      await this.#replicator.refreshList(owner, id, signal)
      this.#listedAtMs.set(id, this.#ports.clock.nowMs())
    } catch (thrown) {
      signal.throwIfAborted()
      this.#fail('list-not-refreshed', errorFrom(thrown), { id })
    }
  }

  async #offerTo(owner: Address, signal: AbortSignal): Promise<Replicate> {
    const { config, nodeKey } = this.#ports
    const to = await this.#publisher(owner, signal)
    const body = {
      key: this.#identity.publicKey,
      payout: config.payout,
      addresses: this.addresses(),
      minimumFee: config.minimumFeeWei,
    }
    return this.#running.office.letters.ask(nodeKey, to, { type: 'offer', body }, 'replicate', signal)
  }

  async #publisher(owner: Address, signal: AbortSignal) {
    const { reader } = this.#ports
    const [key, nodes] = await Promise.all([reader.mailboxKey(owner, signal), reader.nodes(owner, signal)])
    if (key === undefined) throw new ParatiiError('publisher-unreachable', { reason: 'no mailbox key' })
    return { key, addresses: nodes.flatMap(node => node.addresses) }
  }

  /** The owner gets the newest receipt of a purchase a moment later: a fast viewer signs many a second. */
  #noteReceipt({ purchase }: Account, receipt: Receipt): void {
    this.#unsent.set(purchase.nonce, { order: purchase.order, receipt })
    this.#sending ??= setTimeout(() => void this.#sendReceipts(), sendReceiptsMs)
  }

  /** What an earlier run stored and may not have sent; the first tick sends it. */
  async #noteStored(): Promise<void> {
    const { crypto, records } = this.#ports
    for (const { nonce, order, receipt } of await listHeldReceipts(crypto, records)) {
      this.#unsent.set(nonce, { order, receipt })
    }
  }

  /** Puts receipts into the outbox, each in the place of any older one of its purchase. */
  async #sendReceipts(): Promise<void> {
    clearTimeout(this.#sending)
    this.#sending = undefined
    const { config, crypto, clock, nodeKey, random } = this.#ports
    for (const [nonce, { order, receipt }] of [...this.#unsent]) {
      this.#unsent.delete(nonce)
      try {
        const { owner, ttl } = order.terms
        const { key } = await this.#publisher(owner, AbortSignal.timeout(offerWithinMs))
        const body = signSentReceipt(crypto, receipt, config.payout, nodeKey)
        const lifeMs = ttl * 1000
        const { office, outbox } = this.#running
        const id = hexFromBytes(random.bytes(16))
        const envelope = office.letters.seal(nodeKey, key, { type: 'receipt', body }, { lifeMs, id })
        await outbox.put(`receipt/${nonce}`, owner, { id, envelope, expires: clock.nowMs() + lifeMs })
      } catch (thrown) {
        // The receipt itself is stored: we can settle it alone whatever becomes of this. The next tick tries again.
        const error = errorFrom(thrown)
        if (error.retryable && !this.#unsent.has(nonce)) this.#unsent.set(nonce, { order, receipt })
        this.#fail('receipt-not-sent', error, { nonce })
      }
    }
  }

  async #deliver(owner: Address, envelope: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const { addresses } = await this.#publisher(owner, signal)
    return this.#running.office.letters.deliver({ addresses }, envelope, signal)
  }

  async #keepTicking(): Promise<void> {
    const { clock, config } = this.#ports
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.tick(signal).catch(thrown => this.#fail('tick-failed', errorFrom(thrown)))
      await clock.sleep(config.tickMs, signal).catch(() => {})
    }
  }

  #fail(event: string, error: ParatiiError, details: Readonly<Record<string, string>> = {}): void {
    if (error.code === 'aborted' || error.code === 'stopping') return
    this.#ports.notice(event, { ...details, code: error.code, ...error.details })
  }
}
