import { multiaddr } from '@multiformats/multiaddr'
import type { Leaf } from '#media/dag.ts'
import { dataPlaneUrls, messageAddresses, urlFromMultiaddr } from '#network/address.ts'
import { getBody } from '#network/block-client.ts'
import type { BodyReader } from '#network/body-reader.ts'
import type { BufferPool } from '#network/buffer-pool.ts'
import { type Exchange, exchangeProtocol, openExchange } from '#network/exchange-client.ts'
import { fetchLeaves } from '#network/leaf-fetch.ts'
import { rangesOfIndices } from '#network/leaf-request.ts'
import {
  openReceiptSchedule,
  pendingBytesOf,
  type ReceiptSchedule,
  type ScheduleEffect,
  type ScheduleEvent,
  stepReceiptSchedule,
} from '#payments/receipt-schedule.ts'
import { signBlockTarget } from '#protocol/block-request.ts'
import { type HostInit, maxGetData, maxPaymentBlocks, signInitProof } from '#protocol/exchange.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import { signReceipt, verifyReceipt } from '#protocol/receipt.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import type { PublicKey } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { raceAbort } from '#std/race-abort.ts'
import { DataLines } from './data-lines.ts'
import type { ViewerPorts } from './ports.ts'
import {
  findAccount,
  type HostAccount,
  type PurchaseRecord,
  savePending,
  saveReceipt,
} from './purchase-records.ts'

const dialMs = 10_000
/** Longest time without a byte of an answer: then its leaves are asked of others. */
const stallMs = 5_000
/** Blocks that a viewer that is killed may forget to pay for. */
const blocksUnsaved = 16
/** How long a host that lied may take to accept what it earned before that. */
const dismissMs = 3_000

export type HostLinkOptions = {
  readonly ports: ViewerPorts
  readonly purchase: PurchaseRecord
  /** The host's place in the allotment tree. */
  readonly leaf: number
  readonly host: ListedHost
  readonly nodeKey: Uint8Array
  readonly pool: BufferPool
  /** Resolves once the chain has the purchase: a host that is told of it earlier refuses it. */
  readonly confirmed: Promise<void>
  /** A receipt was signed. */
  onSigned(): void
}

/** One host of one purchase: the exchange with it, its receipts, and the requests for its blocks. */
export class HostLink {
  readonly key: PublicKey
  readonly #options: HostLinkOptions
  readonly #domain: TypedDomain
  readonly #stopping = new AbortController()
  #schedule: ReceiptSchedule
  #exchange: Promise<Exchange> | undefined
  /** The exchange that receipts are signed for. */
  #paid: Exchange | undefined
  #counter = 0
  /** Base URL of the data plane, once the exchange is open; without one, or where it fails, leaves come by streams. */
  #base: string | undefined
  /** A leaf came from there. */
  #isBaseProven = false
  readonly #lines: DataLines
  /** What is stored is stored in the order in which it came about, and receipts are sent in theirs. */
  #storing: Promise<unknown> = Promise.resolve()
  #paying: Promise<unknown> = Promise.resolve()
  #unsaved = 0

  private constructor(options: HostLinkOptions, { receipt, pending }: HostAccount) {
    const { purchase, leaf, host } = options
    this.key = host.key
    this.#options = options
    this.#domain = paratiiDomain(purchase.order.chainId, purchase.order.store)
    const draft = { nonce: purchase.nonce, owner: purchase.ownerNode, leaf, key: host.key }
    this.#schedule = openReceiptSchedule(draft, receipt, pending)
    this.#lines = new DataLines(signal => this.#introduce(signal))
  }

  /** A link that goes on from what is stored for this host. */
  static async create(options: HostLinkOptions): Promise<HostLink> {
    const { ports, purchase, leaf } = options
    return new HostLink(options, await findAccount(ports.records, purchase.nonce, leaf))
  }

  /** Bytes of the newest receipt signed. */
  get signedBytes(): number {
    return this.#schedule.signed.bytes
  }

  /** Bytes of verified blocks, receipted or not. */
  get countedBytes(): number {
    return this.signedBytes + pendingBytesOf(this.#schedule)
  }

  /** Fetches leaves; each that is verified is given to `onLeaf`, which says by {@link count} that it is to be paid. */
  async fetch(
    leaves: readonly Leaf[],
    onLeaf: (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    await raceAbort(this.#open(), signal)
    const base = this.#base
    try {
      if (base !== undefined) {
        const open = (turn: AbortSignal) => getBody(`${base}${this.#target(leaves)}`, turn)
        if (await this.#fetchFrom(open, leaves, onLeaf, signal, error => this.#leaveHttp(error))) return
      }
      for (let at = 0; at < leaves.length; at += maxGetData) {
        const asked = leaves.slice(at, at + maxGetData)
        const cids = asked.map(leaf => leaf.cid)
        await this.#fetchFrom(turn => this.#lines.get(cids, turn), asked, onLeaf, signal)
      }
    } finally {
      this.#savePending(1)
    }
  }

  /** True when all came; false when none did, and `isForgiven` says that this way need not work. */
  async #fetchFrom(
    open: (signal: AbortSignal) => Promise<BodyReader>,
    leaves: readonly Leaf[],
    onLeaf: (leaf: Leaf, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
    signal: AbortSignal,
    isForgiven?: (error: ParatiiError) => boolean,
  ): Promise<boolean> {
    let came = 0
    try {
      await fetchLeaves({
        open,
        leaves,
        pool: this.#options.pool,
        signal: AbortSignal.any([signal, this.#stopping.signal]),
        stallMs,
        onLeaf: async (position, bytes) => {
          came++
          if (isForgiven !== undefined) this.#isBaseProven = true
          const leaf = leaves[position]
          if (leaf !== undefined) await onLeaf(leaf, bytes)
        },
      })
      return true
    } catch (thrown) {
      if (came > 0 || !(thrown instanceof ParatiiError) || isForgiven?.(thrown) !== true) throw thrown
      return false
    }
  }

  /** Whether HTTP leads nowhere, though the exchange is open: then its stream is used until the next exchange. */
  #leaveHttp({ code }: ParatiiError): boolean {
    const isAway = code === 'host-unreachable' || (code === 'timed-out' && !this.#isBaseProven)
    if (isAway) this.#base = undefined
    return isAway
  }

  /** Counts a verified and stored leaf of this host; a receipt goes out when one is due. */
  count({ cid, size }: Leaf): void {
    this.#unsaved++
    this.#step({ type: 'block', cid, bytes: size })
    this.#savePending(blocksUnsaved)
  }

  /** Opens the exchange, so that the first fetch need not wait for it. */
  async connect(): Promise<void> {
    await this.#open()
  }

  /** Signs all that was counted; resolves when the host has acknowledged it, or cannot be asked. */
  async flush(): Promise<void> {
    if (this.#schedule.pending.length > 0 || this.#schedule.unacknowledged.length > 0) {
      await this.#open().catch(() => {})
    }
    this.#step({ type: 'flush' })
    await this.#paying
  }

  /** Stores what no receipt counts yet, once it is so many blocks more than are stored. */
  #savePending(leastBlocks: number): void {
    if (this.#unsaved < leastBlocks) return
    this.#unsaved = 0
    const { ports, purchase, leaf } = this.#options
    const { signed, pending: blocks } = this.#schedule
    const pending = { from: signed.bytes, blocks: blocks.slice(0, maxPaymentBlocks) }
    void this.#store(() => savePending(ports.records, purchase.nonce, leaf, pending))
  }

  #store(write: () => Promise<void>): Promise<void> {
    const stored = this.#storing.then(write)
    this.#storing = stored.catch(() => {})
    return stored
  }

  /** Ends with a host for good: it is asked for nothing more, and gets the receipt for what it had sent right. */
  async dismiss(): Promise<void> {
    const { clock } = this.#options.ports
    const enough = new AbortController()
    await Promise.race([this.flush(), clock.sleep(dismissMs, enough.signal).catch(() => {})])
    enough.abort()
    await this.close()
  }

  /** Ends the exchange and whatever is fetched; what was signed stays stored. */
  async close(): Promise<void> {
    this.#stopping.abort(new ParatiiError('aborted'))
    const exchange = await this.#exchange?.catch(() => undefined)
    await Promise.all([exchange?.close(), this.#lines.close()])
  }

  #target(leaves: readonly Leaf[]): string {
    const { ports, purchase, host, nodeKey } = this.#options
    return signBlockTarget(
      ports.crypto,
      {
        root: cidFromRoot(purchase.order.terms.root),
        leaves: rangesOfIndices(leaves.map(leaf => leaf.index)),
        purchase: purchase.nonce,
        time: ports.clock.nowMs(),
        counter: this.#counter++,
      },
      host.key,
      nodeKey,
    )
  }

  #open(): Promise<Exchange> {
    if (this.#stopping.signal.aborted) return Promise.reject(new ParatiiError('aborted'))
    this.#exchange ??= this.#begin().catch(thrown => {
      this.#exchange = undefined
      throw errorFrom(thrown, 'host-unreachable')
    })
    return this.#exchange
  }

  async #begin(): Promise<Exchange> {
    const exchange = await this.#introduce(this.#stopping.signal, () => this.#step({ type: 'requested' }))
    const { addresses } = this.#options.host
    const { http } = exchange.ack
    // The publisher signed where this host serves; the host may choose among that, not name any URL it likes.
    const chosen = http !== undefined && addresses.includes(http) ? urlFromMultiaddr(http) : undefined
    this.#base = chosen ?? dataPlaneUrls(addresses)[0]
    this.#isBaseProven = false
    exchange.ended.then(() => {
      this.#exchange = undefined
      this.#paid = undefined
    })
    this.#paid = exchange
    this.#step({ type: 'opened', held: exchange.ack.receipt, creditBytes: exchange.ack.credit })
    return exchange
  }

  /** Opens a stream to the host and introduces the purchase on it. */
  async #introduce(signal: AbortSignal, onRequest?: () => void): Promise<Exchange> {
    const { ports, purchase, leaf, host, nodeKey, confirmed } = this.#options
    const addresses = messageAddresses(host.addresses).map(address => multiaddr(address))
    if (addresses.length === 0) throw new ParatiiError('host-unreachable', { reason: 'no address' })
    const stream = await ports.node.dialProtocol(addresses, exchangeProtocol, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(dialMs)]),
    })
    const giveUp = () => stream.abort(errorFrom(signal.reason, 'aborted'))
    signal.addEventListener('abort', giveUp)
    const exchange = await openExchange({
      stream,
      host: host.key,
      introduce: async (init: HostInit) => {
        const proof = signInitProof(ports.crypto, init, purchase.nonce, nodeKey)
        await confirmed
        return { order: purchase.order, leaf, proof }
      },
      ...(onRequest === undefined ? {} : { onRequest }),
      signal: this.#stopping.signal,
    }).finally(() => signal.removeEventListener('abort', giveUp))
    try {
      this.#check(exchange)
      return exchange
    } catch (thrown) {
      await exchange.close()
      throw thrown
    }
  }

  /** Refuses a host that asks for more than the terms, or shows a receipt that we never signed. */
  #check({ ack }: Exchange): void {
    const { ports, purchase, leaf, host } = this.#options
    if (ack.fee > purchase.order.terms.fee)
      throw new ParatiiError('fee-above-terms', { fee: ack.fee.toString() })
    if (ack.receipt === undefined) return
    const { nonce, signer, ownerNode: owner } = purchase
    const expected = { store: this.#domain, nonce, signer, owner, leaf, key: host.key }
    orThrow(verifyReceipt(ports.crypto, ack.receipt, expected))
  }

  #step(event: ScheduleEvent): void {
    const { schedule, effects } = stepReceiptSchedule(this.#schedule, event)
    this.#schedule = schedule
    for (const effect of effects) this.#pay(effect)
  }

  #pay({ draft, blocks }: ScheduleEffect): void {
    const { ports, nodeKey, onSigned } = this.#options
    const receipt = signReceipt(ports.crypto, this.#domain, draft, nodeKey)
    this.#unsaved = 0
    // Its blocks follow on what this exchange has been told. To the next one `opened` says what that needs.
    const exchange = this.#paid
    const stored = this.#store(() => saveReceipt(ports.records, receipt))
    this.#paying = Promise.allSettled([this.#paying, stored]).then(async () => {
      try {
        await stored
        onSigned()
        // Without an exchange it stays stored, and goes along when the next one opens.
        const ack = await exchange?.pay({ receipt, blocks })
        if (ack !== undefined) this.#step({ type: 'acknowledged', bytes: ack.bytes, creditBytes: ack.credit })
      } catch {
        // The exchange ended; `ended` says why, and the receipt is offered again at the next opening.
      }
    })
  }
}
