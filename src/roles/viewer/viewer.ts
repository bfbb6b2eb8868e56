import { multiaddr } from '@multiformats/multiaddr'
import type { Helia } from 'helia'
import { walkDirectory } from '#media/dag.ts'
import { leafBytes } from '#media/limits.ts'
import { messageAddresses } from '#network/address.ts'
import { BufferPool } from '#network/buffer-pool.ts'
import { getBlockFrom, startLightNode } from '#network/light-node.ts'
import { Outbox } from '#network/outbox.ts'
import { PaidBlockBroker } from '#network/paid-block-broker.ts'
import { PostOffice } from '#network/post-office.ts'
import { paidWei } from '#payments/purchase.ts'
import { signRequestClose } from '#protocol/request-close.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Cid, PurchaseNonce } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Meter, Quote, Settlement, Viewer, ViewerEvent } from './api.ts'
import { OpenPurchase } from './open-purchase.ts'
import { openOnChain, recordOf } from './ordering.ts'
import type { ViewerPorts } from './ports.ts'
import { findPurchase, type PurchaseRecord, savePurchase } from './purchase-records.ts'
import { fetchHead, findVideo, type GivenHead } from './quoting.ts'
import { recordRecovered, recoverPurchase } from './recovering.ts'

/** Buffers kept for reuse: 16 MiB. */
const keptBuffers = 64
const meterEveryMs = 100
const maxHeads = 4
const closeLifeMs = 86_400_000
const closeWithinMs = 5_000
const greetWithinMs = 10_000

type Held = {
  readonly purchase: OpenPurchase
  readonly nodeKey: Uint8Array
  /** Resolves once the chain has it; rejects when it never will. */
  readonly confirmed: Promise<void>
  readonly leave: () => void
}

/**
 * Starts a viewer. Nothing is dialled or fetched before the first quote. `mail`: the post office of its node, where that
 * has one already; it is stopped with the viewer.
 */
export const createViewer = async (
  ports: ViewerPorts,
  mail = PostOffice.start({ ...ports, relays: ports.relays ?? [] }),
): Promise<Viewer> => {
  const broker = new PaidBlockBroker()
  const [helia, office] = await Promise.all([startLightNode(ports.blocks, broker), mail])
  const closes = await Outbox.start({
    records: ports.records,
    clock: ports.clock,
    async deliver(nonce, envelope, signal) {
      const record = await findPurchase(ports.records, nonce as PurchaseNonce)
      const addresses = record?.publisherAddresses ?? []
      // What a relay keeps is enough: without it the escrow returns at its time.
      await office.letters.deliver({ addresses }, envelope, signal)
      return true
    },
  })
  return new PortViewer(ports, { broker, helia, office, closes })
}

/** What a viewer is made of. */
type Parts = {
  readonly broker: PaidBlockBroker
  readonly helia: Helia
  readonly office: PostOffice
  readonly closes: Outbox
}

class PortViewer implements Viewer {
  readonly #ports: ViewerPorts
  readonly #parts: Parts
  readonly #pool = new BufferPool(leafBytes, keptBuffers)
  readonly #held = new Map<PurchaseNonce, Held>()
  readonly #opening = new Map<PurchaseNonce, Promise<void>>()
  readonly #heads = new Map<Cid, GivenHead>()
  readonly #listeners = new Set<(event: ViewerEvent) => void>()
  readonly #moved = new Map<PurchaseNonce, ReturnType<typeof setTimeout>>()

  constructor(ports: ViewerPorts, parts: Parts) {
    this.#ports = ports
    this.#parts = parts
  }

  async quote(...[id, format, signal]: Parameters<Viewer['quote']>): Promise<Quote> {
    const { quote, ...given } = await findVideo(this.#ports, id, format, signal)
    this.#greet([quote.publisherAddresses, ...quote.hosts.map(host => host.addresses)])
    await this.#keepHead(given)
    return quote
  }

  async buy(
    ...[quote, order, nodeKey, signal, onReadable]: Parameters<Viewer['buy']>
  ): Promise<PurchaseNonce> {
    const record = recordOf(this.#ports, quote, order, nodeKey)
    const { nonce } = record
    const confirmed = openOnChain(this.#ports, this.#parts.office.letters, record, nodeKey, signal)
    const opening = this.#open(record, nodeKey, signal, confirmed).then(() => onReadable?.(nonce))
    opening.catch(() => {})
    try {
      await confirmed
    } catch (thrown) {
      await opening.catch(() => {})
      if (this.#held.get(nonce)?.confirmed === confirmed) await this.#drop(nonce)
      throw thrown
    }
    await opening
    return nonce
  }

  async resume(...[nonce, nodeKey, signal]: Parameters<Viewer['resume']>): Promise<void> {
    if (this.#held.has(nonce)) return
    const state = await this.#ports.reader.purchase(nonce, signal)
    if (state === undefined) throw new ParatiiError('purchase-unknown', { nonce })
    if (state.closing || state.reclaimed) throw new ParatiiError('purchase-ended', { nonce })
    const known = await findPurchase(this.#ports.records, nonce)
    await this.#open(known ?? (await this.#recover(nonce, nodeKey, signal)), nodeKey, signal)
    if (known === undefined) await this.#find(nonce).purchase.catchUp()
  }

  /** One that another store knew: hosts show the newest receipts they hold of it, and those are gone on from. */
  async #recover(nonce: PurchaseNonce, nodeKey: Uint8Array, signal: AbortSignal): Promise<PurchaseRecord> {
    const recovered = await recoverPurchase(this.#ports, nonce, signal)
    const record = recordRecovered(this.#ports, recovered, nodeKey)
    await savePurchase(this.#ports.records, record)
    return record
  }

  async read(...[nonce, path, range, signal]: Parameters<Viewer['read']>) {
    return this.#find(nonce).purchase.read(path, range, signal)
  }

  recycle(buffer: ArrayBuffer): void {
    this.#pool.give(buffer)
  }

  meter(nonce: PurchaseNonce): Meter {
    return this.#find(nonce).purchase.meter()
  }

  async flush(nonce: PurchaseNonce): Promise<void> {
    await this.#find(nonce).purchase.flush()
  }

  async settlement(...[nonce, signal]: Parameters<Viewer['settlement']>): Promise<Settlement> {
    const { records, reader } = this.#ports
    const record = (await findPurchase(records, nonce)) ?? (await recoverPurchase(this.#ports, nonce, signal))
    // The head first: what it says is over can change no more while the rest is asked.
    const { timestampSeconds } = await reader.head(signal)
    const state = await reader.purchase(nonce, signal)
    if (state === undefined) throw new ParatiiError('purchase-unknown', { nonce })
    const bytes = await Promise.all(record.hosts.map((_, leaf) => reader.paidBytes(nonce, leaf, signal)))
    const isFinal = state.reclaimed || timestampSeconds >= state.escrowEnd
    return { paidWei: paidWei(record.order, bytes), isFinal }
  }

  on(listen: (event: ViewerEvent) => void): () => void {
    this.#listeners.add(listen)
    return () => this.#listeners.delete(listen)
  }

  async stop(...[nonce, signal]: Parameters<Viewer['stop']>): Promise<void> {
    const { purchase, nodeKey, confirmed } = this.#find(nonce)
    const { record } = purchase
    // What the chain does not have yet nobody could close.
    await confirmed
    await this.#leave(nonce)
    const { chainId, store } = record.order
    const body = signRequestClose(this.#ports.crypto, paratiiDomain(chainId, store), nonce, nodeKey)
    const { office, closes } = this.#parts
    const lifeMs = closeLifeMs
    const id = hexFromBytes(this.#ports.random.bytes(16))
    const envelope = office.letters.seal(nodeKey, record.mailbox, { type: 'close', body }, { lifeMs, id })
    const expires = this.#ports.clock.nowMs() + lifeMs
    await closes.put(`close/${nonce}`, nonce, { id, envelope, expires })
    // A publisher that is away gets it later; without it the escrow returns at its time.
    await closes.drain(AbortSignal.any([signal, AbortSignal.timeout(closeWithinMs)]))
  }

  async shutdown(): Promise<void> {
    await Promise.all([...this.#held.keys()].map(nonce => this.#leave(nonce)))
    await this.#parts.closes.stop()
    await this.#parts.office.stop()
    await this.#parts.helia.stop()
    this.#pool.clear()
  }

  /** Once for each purchase, however many ask at the same time. */
  #open(
    record: PurchaseRecord,
    nodeKey: Uint8Array,
    signal: AbortSignal,
    confirmed = Promise.resolve(),
  ): Promise<void> {
    const { nonce } = record
    if (this.#held.has(nonce)) return Promise.resolve()
    const opening = this.#opening.get(nonce) ?? this.#begin(record, nodeKey, signal, confirmed)
    this.#opening.set(nonce, opening)
    return opening.finally(() => this.#opening.delete(nonce))
  }

  async #begin(
    record: PurchaseRecord,
    nodeKey: Uint8Array,
    signal: AbortSignal,
    confirmed: Promise<void>,
  ): Promise<void> {
    const root = cidFromRoot(record.order.terms.root)
    const stopHead = this.#parts.broker.add((cid, asked) => this.#headBlock(root, record, cid, asked))
    try {
      const directory = orThrow(await walkDirectory(root, getBlockFrom(this.#parts.helia, signal)))
      const purchase = await OpenPurchase.open({
        ports: this.#ports,
        record,
        nodeKey,
        directory,
        confirmed,
        given: this.#heads.get(root),
        getBlock: getBlockFrom(this.#parts.helia, new AbortController().signal),
        pool: this.#pool,
        onMeter: () => this.#tellMeter(record.nonce),
        onHostError: ({ key }, error) =>
          this.#tell({ type: 'host-error', nonce: record.nonce, host: key, error }),
      })
      const leave = this.#parts.broker.add((cid, asked) => purchase.fetchBlock(cid, asked))
      this.#held.set(record.nonce, { purchase, nodeKey, confirmed, leave })
      purchase.warm()
    } finally {
      stopHead()
    }
  }

  /** A block of the free head that the local store lacks, as after its loss: the hosts of the purchase give it anew. */
  async #headBlock(
    root: Cid,
    record: PurchaseRecord,
    cid: Cid,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const given = this.#heads.get(root) ?? (await fetchHead(this.#ports.node, root, record.hosts, signal))
    await this.#keepHead(given)
    return given.head.nodes.get(cid)
  }

  async #keepHead({ head, giver }: GivenHead): Promise<void> {
    const { blocks } = this.#ports
    const { root } = head.directory
    for (const [cid, bytes] of head.nodes) if (!(await blocks.has(cid))) await blocks.put(cid, bytes)
    this.#heads.delete(root)
    this.#heads.set(root, { head, giver })
    for (const oldest of this.#heads.keys()) {
      if (this.#heads.size <= maxHeads) break
      this.#heads.delete(oldest)
    }
  }

  /** Connects to nodes that are likely to be asked for something next; who cannot be reached is told of then. */
  #greet(nodes: readonly (readonly string[])[]): void {
    for (const addresses of nodes) {
      const reachable = messageAddresses(addresses).map(address => multiaddr(address))
      if (reachable.length === 0) continue
      this.#ports.node.dial(reachable, { signal: AbortSignal.timeout(greetWithinMs) }).catch(() => {})
    }
  }

  #find(nonce: PurchaseNonce): Held {
    const held = this.#held.get(nonce)
    if (held === undefined) throw new ParatiiError('purchase-unknown', { nonce })
    return held
  }

  async #leave(nonce: PurchaseNonce): Promise<void> {
    const { purchase } = this.#find(nonce)
    // Nothing may arrive between the last receipt and the end of the exchange that takes it.
    await purchase.stopReading()
    await purchase.flush()
    this.#tell({ type: 'meter', meter: purchase.meter() })
    await this.#drop(nonce)
  }

  /** Ends what is open for a purchase. */
  async #drop(nonce: PurchaseNonce): Promise<void> {
    const { purchase, leave } = this.#find(nonce)
    leave()
    clearTimeout(this.#moved.get(nonce))
    this.#moved.delete(nonce)
    this.#held.delete(nonce)
    await purchase.close()
  }

  #tellMeter(nonce: PurchaseNonce): void {
    if (this.#moved.has(nonce) || !this.#held.has(nonce)) return
    const timer = setTimeout(() => {
      this.#moved.delete(nonce)
      const held = this.#held.get(nonce)
      if (held !== undefined) this.#tell({ type: 'meter', meter: held.purchase.meter() })
    }, meterEveryMs)
    this.#moved.set(nonce, timer)
  }

  #tell(event: ViewerEvent): void {
    for (const listen of this.#listeners) listen(event)
  }
}
