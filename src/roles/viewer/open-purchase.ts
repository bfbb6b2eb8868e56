import { contentTypeOf } from '#media/content-type.ts'
import type { GetNode, MediaDirectory } from '#media/dag.ts'
import { type LeafSlice, sliceRange } from '#media/leaf-range.ts'
import type { BufferPool } from '#network/buffer-pool.ts'
import { paidWei } from '#payments/purchase.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { ByteRange, Meter, Reading } from './api.ts'
import { HostLink } from './host-link.ts'
import { KeptLeaves } from './kept-leaves.ts'
import { LeafCache } from './leaf-cache.ts'
import { type LeafSource, LeafSupply } from './leaf-supply.ts'
import type { ViewerPorts } from './ports.ts'
import type { PurchaseRecord } from './purchase-records.ts'
import type { GivenHead } from './quoting.ts'

export type OpenPurchaseOptions = {
  readonly ports: ViewerPorts
  readonly record: PurchaseRecord
  readonly nodeKey: Uint8Array
  readonly directory: MediaDirectory
  /** Resolves once the chain has the purchase: nothing but the free head is had before, and nothing paid. */
  readonly confirmed: Promise<void>
  /** The free head, if a host has just given it. */
  readonly given: GivenHead | undefined
  /** Blocks through Helia: from the local store, else by this purchase. */
  readonly getBlock: GetNode
  readonly pool: BufferPool
  /** The meter moved. */
  onMeter(): void
  onHostError(host: HostLink, error: ParatiiError): void
}

/** A host and how it did. */
type Seat = {
  readonly link: HostLink
  bytes: number
  failures: number
  /** Set once the host is banned: resolves when it was given what it had earned, or did not take it. */
  dismissed: Promise<void> | undefined
}

const defaultCacheBytes = 67_108_864
const isSegment = /\.m4s$/

/** A purchase that is being watched: its directory, its hosts, what was verified and what was paid. */
export class OpenPurchase {
  readonly record: PurchaseRecord
  readonly #options: OpenPurchaseOptions
  readonly #directory: MediaDirectory
  readonly #cache: LeafCache
  readonly #supply: LeafSupply
  readonly #seats: readonly Seat[]

  private constructor(options: OpenPurchaseOptions, links: readonly HostLink[], kept: KeptLeaves) {
    const { ports, record, directory, pool } = options
    this.record = record
    this.#options = options
    this.#directory = directory
    this.#cache = new LeafCache(ports.cacheBytes ?? defaultCacheBytes, pool)
    this.#seats = links.map(link => ({ link, bytes: link.countedBytes, failures: 0, dismissed: undefined }))
    this.#supply = new LeafSupply({
      leaves: directory.leaves,
      sources: this.#seats.map(seat => this.#sourceOf(seat)),
      cache: this.#cache,
      kept,
      pool,
      clock: ports.clock,
      opened: options.confirmed,
    })
  }

  /** Opens a purchase that the chain has. The free head is counted for the host that gave it, once. */
  static async open(options: OpenPurchaseOptions): Promise<OpenPurchase> {
    const { ports, record, nodeKey, pool, given, directory, confirmed } = options
    let purchase: OpenPurchase | undefined
    const onSigned = () => purchase?.tell()
    const links = await Promise.all(
      record.hosts.map((host, leaf) =>
        HostLink.create({ ports, purchase: record, leaf, host, nodeKey, pool, confirmed, onSigned }),
      ),
    )
    const kept = await KeptLeaves.open(ports.leaves, directory.leaves)
    purchase = new OpenPurchase(options, links, kept)
    if (given !== undefined) purchase.#takeHead(given)
    return purchase
  }

  read(path: string, range: ByteRange | undefined, signal: AbortSignal): Reading {
    const file = this.#directory.files.get(path)
    if (file === undefined) throw new ParatiiError('path-unknown', { path })
    const start = range?.start ?? 0
    const end = Math.min(range?.end ?? file.size - 1, file.size - 1)
    const slices = orThrow(sliceRange(file, start, end))
    const contentType = contentTypeOf(path)
    const [only, ...more] = slices
    if (only !== undefined && more.length === 0 && !isSegment.test(path)) {
      return { size: file.size, start, end, contentType, body: this.#readSmall(only, signal) }
    }
    return { size: file.size, start, end, contentType, body: this.#supply.read(slices, signal) }
  }

  /** A leaf of this purchase by its CID, as our block broker asks for it; undefined if it has no such leaf. */
  async fetchBlock(cid: Cid, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const leaf = this.#directory.leaves.find(candidate => candidate.cid === cid)
    if (leaf === undefined) return undefined
    for await (const piece of this.#supply.read([{ leaf, from: 0, to: leaf.size }], signal)) {
      const bytes = piece.slice()
      this.#options.pool.give(piece.buffer)
      return bytes
    }
    return undefined
  }

  /** Manifests and init segments: kept in the block store, so that they are there at once the next time. */
  async *#readSmall(
    { leaf, from, to }: LeafSlice,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#options.getBlock(leaf.cid)
    signal.throwIfAborted()
    if (bytes === undefined) throw new ParatiiError('block-absent', { cid: leaf.cid })
    yield bytes.slice(from, to)
  }

  meter(): Meter {
    const { nonce, order } = this.record
    return {
      nonce,
      verifiedBytes: this.#seats.reduce((sum, seat) => sum + seat.bytes, 0),
      paidWei: paidWei(
        order,
        this.#seats.map(seat => seat.link.signedBytes),
      ),
      hosts: this.#seats.map(({ link, bytes, failures, dismissed }) => ({
        key: link.key,
        bytes,
        failures,
        banned: dismissed !== undefined,
      })),
    }
  }

  /** Begins the exchanges, so that the first read need not; again once it is confirmed, if that took too long. */
  warm(): void {
    const connect = (): void => {
      for (const { link } of this.#seats) link.connect().catch(() => {})
    }
    connect()
    this.#options.confirmed.then(connect, () => {})
  }

  /** Takes over the newest receipts that hosts hold, from all that answer: what was signed before is said to be paid. */
  async catchUp(): Promise<void> {
    await Promise.allSettled(this.#seats.map(({ link }) => link.connect()))
    for (const seat of this.#seats) seat.bytes = Math.max(seat.bytes, seat.link.countedBytes)
  }

  /** Signs all that is due and waits for those hosts that answer. */
  async flush(): Promise<void> {
    await this.#supply.settle()
    await Promise.all(this.#seats.map(({ link, dismissed }) => dismissed ?? link.flush()))
  }

  /** Ends all reading. What had arrived is counted when this resolves, and nothing after it. */
  async stopReading(): Promise<void> {
    await this.#supply.close()
  }

  async close(): Promise<void> {
    await this.stopReading()
    await Promise.all(this.#seats.map(seat => seat.link.close()))
    this.#cache.clear()
  }

  tell(): void {
    this.#options.onMeter()
  }

  /** Keeps the free leaves, and counts them for their giver unless an earlier run did. */
  #takeHead({ head, giver: key }: GivenHead): void {
    const { confirmed } = this.#options
    const giver = this.#seats.find(seat => seat.link.key === key)
    const isNew = giver?.link.countedBytes === 0
    for (const [index, bytes] of head.leaves) {
      const leaf = this.#directory.leaves[index]
      if (leaf === undefined) continue
      const copy = new Uint8Array(this.#options.pool.take(), 0, leaf.size)
      copy.set(bytes)
      this.#supply.keep(leaf, copy, () => {
        if (!isNew) return
        confirmed.then(
          () => giver?.link.count(leaf),
          () => {},
        )
      })
      if (isNew && giver !== undefined) giver.bytes += leaf.size
    }
  }

  #sourceOf(seat: Seat): LeafSource {
    return {
      fetch: (leaves, onLeaf, signal) => seat.link.fetch(leaves, onLeaf, signal),
      note: ({ size }) => {
        seat.bytes += size
        this.tell()
      },
      count: leaf => {
        seat.link.count(leaf)
        this.tell()
      },
      fail: error => {
        seat.failures++
        // Wrong bytes, a forged receipt, a fee above the terms: such a host is never asked again.
        const isFinal = banning.has(error.code)
        if (isFinal) seat.dismissed ??= seat.link.dismiss().catch(() => {})
        this.#options.onHostError(seat.link, error)
        this.tell()
        return isFinal
      },
    }
  }
}

const banning = new Set([
  'block-mismatch',
  'signature-invalid',
  'receipt-mismatch',
  'fee-above-terms',
  'allotment-exhausted',
])
