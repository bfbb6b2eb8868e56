import { isFreeRoot } from '#chain/free-formats.ts'
import { revocationsOf } from '#chain/mailbox-keys.ts'
import { multiaddrFromUrl } from '#network/address.ts'
import { type BlockServer, type BlockSource, startBlockServer } from '#network/block-server.ts'
import { DirectoryShelf } from '#network/directory-shelf.ts'
import { FreeBlocks, freeRates } from '#network/free-blocks.ts'
import { serveFree } from '#network/free-stream.ts'
import { openFreeFeed } from '#network/leaf-feed.ts'
import { leavesOfRanges } from '#network/leaf-request.ts'
import type { Letter } from '#network/mailbox.ts'
import { PostOffice } from '#network/post-office.ts'
import { RateBound } from '#network/rate-bound.ts'
import { RequestGuard } from '#network/request-guard.ts'
import { serveWatch } from '#network/watch-source.ts'
import { parseBlockTarget, recoverBlockRequest } from '#protocol/block-request.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { HostRegister } from './host-register.ts'
import { identifyPublisher } from './identity.ts'
import { OrderDesk } from './order-desk.ts'
import { forgetOrder, listOrders, type OrderRecord, saveOrder } from './orders.ts'
import { errorDetails, type PublisherIdentity, type PublisherPorts } from './ports.ts'
import { forgetReceipts, takeReceipt } from './receipts.ts'
import { SecondsDesk } from './seconds-desk.ts'
import { type PublisherStatus, readPublisherStatus, settlePublisher } from './settling.ts'
import { listVideos } from './videos.ts'
import { VoteDesk } from './vote-desk.ts'

const settleWithinMs = 60_000

export type Publisher = {
  readonly identity: PublisherIdentity
  /** URL of the data plane as others reach it. */
  readonly url: string
  /** Multiaddrs registered on chain: libp2p, and the data plane. */
  addresses(): readonly string[]
  /** Settles what the policy says is worth it; with `isStopping` whatever pays. */
  settle(isStopping: boolean, signal?: AbortSignal): Promise<void>
  /** One round of what is done every `tickMs`: relays closes, settles, reclaims, tells hosts of new videos. */
  tick(signal: AbortSignal): Promise<void>
  status(): Promise<PublisherStatus & { readonly hosts: number }>
  /** Ends what is under way, settles what pays, and stops. */
  stop(): Promise<void>
}

/** Starts to serve: says on the chain where it is reached, goes on with what an earlier run left, and takes mail. */
export const startPublisher = async (ports: PublisherPorts, signal?: AbortSignal): Promise<Publisher> => {
  const publisher = new RunningPublisher(ports, await HostRegister.open(ports))
  await publisher.start(signal)
  return publisher
}

class RunningPublisher implements Publisher {
  readonly identity: PublisherIdentity
  readonly #ports: PublisherPorts
  readonly #hosts: HostRegister
  readonly #desk: OrderDesk
  readonly #shelf: DirectoryShelf
  readonly #guard: RequestGuard
  readonly #rates: RateBound
  readonly #free: FreeBlocks
  readonly #seconds: SecondsDesk | undefined
  readonly #votes: VoteDesk | undefined
  #stopWatch: () => Promise<void> = async () => {}
  readonly #stopping = new AbortController()
  #parts: { readonly server: BlockServer; readonly office: PostOffice; endFree(): Promise<void> } | undefined
  #ticking: Promise<void> = Promise.resolve()

  constructor(ports: PublisherPorts, hosts: HostRegister) {
    this.identity = identifyPublisher(ports.crypto, ports.walletKey, ports.nodeKey)
    this.#ports = ports
    this.#hosts = hosts
    this.#desk = new OrderDesk(ports, hosts, this.#stopping.signal)
    this.#shelf = new DirectoryShelf(ports.blocks)
    this.#guard = new RequestGuard(ports.clock)
    this.#rates = new RateBound({ clock: ports.clock, ...freeRates })
    this.#free = new FreeBlocks({
      ...ports,
      shelf: this.#shelf,
      rates: this.#rates,
      roots: async () => (await listVideos(ports.records)).map(video => video.root),
      isFree: async (root, signal) => isFreeRoot(ports.reader, await listVideos(ports.records), root, signal),
    })
    this.#seconds =
      ports.seconds && new SecondsDesk(ports, ports.seconds, this.identity, this.#stopping.signal)
    this.#votes = ports.seconds && new VoteDesk(ports, ports.seconds)
  }

  get url(): string {
    return this.#ports.config.dataPlane.publicUrl ?? this.#running.server.url
  }

  get #running() {
    if (this.#parts === undefined) throw new ParatiiError('stopping')
    return this.#parts
  }

  async start(signal?: AbortSignal): Promise<void> {
    const { config, walletKey } = this.#ports
    const office = await PostOffice.start({
      ...this.#ports,
      relays: config.relays,
      onFault: error => this.#fail('mail-failed', error),
      isRevoked: revocationsOf(this.#ports.reader, this.#ports.crypto, this.#ports.clock),
    })
    const source = this.#source()
    const server = await startBlockServer({
      source,
      host: config.dataPlane.host,
      port: config.dataPlane.port,
      onFault: error => this.#fail('serve-failed', error),
    })
    const endFree = await serveFree(this.#ports.node, source)
    this.#parts = { server, office, endFree }
    try {
      await this.#announce(signal)
      await this.#desk.resume()
    } catch (thrown) {
      // A server that is left listening would keep the process alive.
      await office.stop()
      await endFree()
      await server.stop()
      this.#parts = undefined
      throw thrown
    }
    if (this.#seconds !== undefined) this.#stopWatch = await serveWatch(this.#ports.node, this.#seconds)
    office.letters.open(walletKey, (letter, letterSignal) => this.#read(letter, letterSignal))
    this.#ticking = this.#keepTicking()
  }

  addresses(): readonly string[] {
    const http = multiaddrFromUrl(this.url)
    return [...this.#ports.node.getMultiaddrs().map(String), ...(http === undefined ? [] : [http])]
  }

  settle(isStopping: boolean, signal?: AbortSignal): Promise<void> {
    return settlePublisher(this.#ports, isStopping, signal)
  }

  async tick(signal: AbortSignal): Promise<void> {
    await this.settle(false, signal)
    const { timestampSeconds } = await this.#ports.reader.head(signal)
    for (const record of await listOrders(this.#ports.records)) {
      const isOver = record.state === 'done' || record.state === 'refused'
      // As long as it could be submitted again it is known, and answered as before.
      if (isOver && timestampSeconds > record.order.validUntil)
        await forgetOrder(this.#ports.records, record.nonce)
      if (record.state !== 'open') continue
      await this.#lookAfter(record, signal).catch(thrown =>
        this.#fail('purchase-not-ended', errorFrom(thrown), { nonce: record.nonce }),
      )
    }
    await this.#seconds?.tick()
    await this.#votes?.cast(signal)
    await this.#hosts.tellNews(this.#running.office.letters, signal)
  }

  async status(): Promise<PublisherStatus & { readonly hosts: number }> {
    return { ...(await readPublisherStatus(this.#ports)), hosts: this.#hosts.count }
  }

  async stop(): Promise<void> {
    const { server, office, endFree } = this.#running
    await office.stop()
    await this.#stopWatch()
    this.#stopping.abort(new ParatiiError('stopping'))
    await endFree()
    await server.stop()
    await this.#ticking
    await this.#desk.settled()
    await this.settle(true, AbortSignal.timeout(settleWithinMs)).catch(thrown =>
      this.#fail('settle-failed', errorFrom(thrown)),
    )
    this.#parts = undefined
  }

  #source(): BlockSource {
    const { blocks, crypto, records } = this.#ports
    const findRoot = async (root: string) => {
      if (!(await listVideos(records)).some(video => video.root === root))
        throw new ParatiiError('not-replicated', { root })
    }
    return {
      hosts: id => this.#hosts.list(id),
      head: async (root, peer) => {
        await findRoot(root)
        const head = await this.#shelf.head(root)
        if (!this.#rates.take(peer, head.length)) throw new ParatiiError('rate-limited')
        return head
      },
      gateway: { free: this.#free, blocks },
      open: async target => {
        const signed = orThrow(parseBlockTarget(target))
        const { request } = signed
        const key = orThrow(recoverBlockRequest(crypto, signed, this.identity.node))
        if (request.purchase !== 'replicate') throw new ParatiiError('purchase-unknown')
        if (!this.#hosts.isListed(key)) throw new ParatiiError('not-listed', { key })
        await findRoot(request.root)
        this.#guard.admit(key, request)
        return openFreeFeed(leavesOfRanges(await this.#shelf.directory(request.root), request.leaves), blocks)
      },
    }
  }

  async #read(letter: Letter, signal: AbortSignal): Promise<void> {
    const { message } = letter
    switch (message.type) {
      case 'order':
        return this.#desk.take(letter, message.body, signal)
      case 'offer':
        return this.#hosts.take(letter, message.body, this.#stopping.signal)
      case 'receipt':
        return takeReceipt(this.#ports, this.identity.node, letter, message.body)
      case 'close': {
        const record = await this.#desk.close(message.body)
        this.#lookAfter(record, this.#stopping.signal).catch(thrown =>
          this.#fail('close-not-relayed', errorFrom(thrown), { nonce: record.nonce }),
        )
        return
      }
      case 'bid':
        return this.#bySecond.bid(letter, message.body, signal)
      case 'open':
        return this.#bySecond.openChannel(letter, message.body)
      case 'channel-close':
        return this.#bySecond.close(message.body)
      case 'vote':
        if (this.#votes === undefined) throw new ParatiiError('unsupported')
        return this.#votes.take(message.body)
      default:
        throw new ParatiiError('unsupported')
    }
  }

  get #bySecond(): SecondsDesk {
    if (this.#seconds === undefined) throw new ParatiiError('unsupported')
    return this.#seconds
  }

  /** Relays a close that is wanted and not on the chain; after the escrow's end returns to the viewer what is left. */
  async #lookAfter(record: OrderRecord, signal: AbortSignal): Promise<void> {
    const { notice, reader, writer } = this.#ports
    const { nonce, order, signer, close } = record
    if (record.state !== 'open') return
    const [state, head] = await Promise.all([reader.purchase(nonce, signal), reader.head(signal)])
    if (state === undefined) return
    const parties = { deal: order, signer, allotments: order.allotments, buyer: order.buyer }
    if (state.reclaimed) return this.#finish(record)
    if (head.timestampSeconds >= state.escrowEnd) {
      const { hash } = await writer.reclaim(parties, signal)
      notice('reclaimed', { nonce, transaction: hash })
      return this.#finish(record)
    }
    if (close === undefined || state.closing) return
    const { hash } = await writer.requestClose(parties, close, signal)
    notice('close-requested', { nonce, transaction: hash })
  }

  async #finish(record: OrderRecord): Promise<void> {
    const { records } = this.#ports
    await saveOrder(records, { ...record, state: 'done' })
    await forgetReceipts(records, record.nonce)
  }

  /** Keeps UserRegistry true: where we read mail, and where our node is. Costs gas only when something changed. */
  async #announce(signal?: AbortSignal): Promise<void> {
    const { reader, writer } = this.#ports
    const { owner, mailbox, node } = this.identity
    if ((await reader.mailboxKey(owner, signal)) !== mailbox) await writer.setMailboxKey(mailbox, signal)
    const nodes = [{ key: node, addresses: this.addresses() }]
    if (JSON.stringify(await reader.nodes(owner, signal)) !== JSON.stringify(nodes))
      await writer.setNodes(nodes, signal)
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
    this.#ports.notice(event, { ...details, ...errorDetails(error) })
  }
}
