import type { Connection, Stream } from '@libp2p/interface'
import type { Leaf } from '#media/dag.ts'
import { BufferPool } from '#network/buffer-pool.ts'
import { serveExchange } from '#network/exchange-server.ts'
import { openPaidFeed } from '#network/leaf-feed.ts'
import type { LeafFeed } from '#network/leaf-sender.ts'
import type { MessageNode } from '#network/message-node.ts'
import { creditOf, openCreditWindow } from '#payments/credit-window.ts'
import { decodeFromHost, decodeFromViewer } from '#protocol/exchange.ts'
import type { Frame } from '#protocol/frame.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { Account } from '#roles/host/account.ts'
import { findReceipt } from '#roles/host/served-purchases.ts'
import { HostLink } from '#roles/viewer/host-link.ts'
import type { ViewerPorts } from '#roles/viewer/ports.ts'
import type { Hash } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { Disk } from './disk.ts'
import {
  allotment,
  buyer,
  clock,
  crypto,
  dataPlane,
  directory,
  leafBytes,
  leaves,
  listed,
  nonce,
  order,
  record,
  root,
  seller,
  sizeOf,
} from './market.ts'
import { Wire } from './wire.ts'

const mebibyte = 1_048_576
const nothingStored: Blocks = {
  get: async () => undefined,
  has: async () => false,
  put: async () => {},
}

/** One answer of the host, leaf by leaf. */
type Answer = { readonly leaves: readonly Leaf[]; readonly feed: LeafFeed; sent: number; arrived: number }

/**
 * A viewer and a host as they run: the link of the one and the account of the other, with the schedules, windows and
 * receipts below them, their words over a real exchange, and what they must not forget on their disks. Only the
 * network, the disks and the order in which things happen are the model's. It keeps its own books and compares.
 */
export class PaidExchange {
  readonly viewerDisk = new Disk()
  readonly hostDisk = new Disk()
  /** Leaves that the viewer has verified and stored. */
  readonly kept = new Set<Leaf>()
  readonly answers = new Set<Answer>()
  /** Bytes that left the host and will not be paid: they never arrived, or their viewer died before it noted them. */
  lostBytes = 0
  /** What is wrong, in the first place where it was seen. */
  fault: string | undefined
  #link: HostLink | undefined
  #account: Account | undefined
  #stopServing: (() => Promise<void>) | undefined
  #accept: ((stream: Stream, connection: Connection) => void) | undefined
  readonly #wires = new Set<Wire>()
  /** Bytes that left this run of the host, and those receipted when it began. */
  #sentBytes = 0
  #paidBefore = 0
  /** Of this viewer's run: verified, but perhaps not noted on its disk. */
  #verified: Leaf[] = []

  static async begin(): Promise<PaidExchange> {
    const exchange = new PaidExchange()
    await exchange.startHost()
    await exchange.startViewer()
    return exchange
  }

  get link(): HostLink {
    if (this.#link === undefined) throw new Error('no viewer')
    return this.#link
  }

  get account(): Account {
    if (this.#account === undefined) throw new Error('no host')
    return this.#account
  }

  /** No word is on its way. */
  get isTalked(): boolean {
    return [...this.#wires].every(wire => wire.isQuiet)
  }

  /** Bytes of the receipts that either side would find after a restart. */
  get viewerBytes(): number {
    return bytesOf(this.viewerDisk.look('viewer-receipts', `${nonce}/0`))
  }
  get hostBytes(): number {
    return bytesOf(this.hostDisk.look('host-receipts', nonce))
  }

  async startHost(): Promise<void> {
    const records = this.hostDisk.open()
    const receipt = await findReceipt(records, nonce)
    const purchase = { nonce, signer: buyer.address, order, leaf: 0 }
    const { chainId, store } = order
    const expectation = {
      store: paratiiDomain(chainId, store),
      nonce,
      signer: buyer.address,
      owner: record.ownerNode,
      leaf: 0,
      key: listed.key,
    }
    const account = new Account({
      crypto,
      records,
      blocks: nothingStored,
      purchase,
      allotment,
      expectation,
      directory,
      root,
      receipt,
      http: () => dataPlane,
      check: async () => {},
      onReceipt: () => {},
    })
    this.#account = account
    this.#sentBytes = 0
    this.#paidBefore = receipt?.bytes ?? 0
    const node = {
      handle: async (_: string, accept: (stream: Stream, connection: Connection) => void) => {
        this.#accept = accept
      },
      unhandle: async () => {},
    } as unknown as MessageNode
    const greeting = { nonce: hexFromBytes(new Uint8Array(32)) as Hash, key: seller.publicKey }
    this.#stopServing = await serveExchange(node, { greet: () => greeting, open: async () => account })
  }

  async startViewer(): Promise<void> {
    const node = {
      dialProtocol: async () => {
        const wire = new Wire({
          viewer: frame => this.#hearViewer(frame),
          host: frame => this.#hearHost(frame),
        })
        this.#wires.add(wire)
        this.#accept?.(wire.ends.host, {} as Connection)
        return wire.ends.viewer
      },
    } as unknown as MessageNode
    const ports = { crypto, clock, node, records: this.viewerDisk.open() } as unknown as ViewerPorts
    this.#verified = []
    this.#link = await HostLink.create({
      ports,
      purchase: record,
      leaf: 0,
      host: listed,
      nodeKey: buyer.secretKey,
      pool: new BufferPool(leafBytes, 0),
      confirmed: Promise.resolve(),
      onSigned: () => {},
    })
  }

  connect(): void {
    this.link.connect().catch(() => {})
  }

  flush(): void {
    void this.link.flush()
  }

  /** The viewer asks for leaves that it lacks and that nobody brings. */
  ask(count: number): void {
    const asked = new Set([...this.answers].flatMap(answer => answer.leaves.slice(answer.arrived)))
    const wanted = leaves.filter(leaf => !this.kept.has(leaf) && !asked.has(leaf)).slice(0, count)
    if (wanted.length === 0) return
    const feed = openPaidFeed(wanted, nothingStored, this.account.gate)
    this.answers.add({ leaves: wanted, feed, sent: 0, arrived: 0 })
  }

  /** The host sends the next leaf of an answer, if it may. */
  send(at: number): void {
    const answer = [...this.answers][at % Math.max(1, this.answers.size)]
    const leaf = answer?.leaves[answer.sent]
    if (answer === undefined || leaf === undefined || !answer.feed.admit(answer.sent)) return
    answer.sent++
    this.#sentBytes += leaf.size
    if (answer.sent === answer.leaves.length) answer.feed.close(answer.sent, true)
  }

  /** A leaf reaches the viewer, which verifies, stores and counts it. */
  arrive(at: number): void {
    const answer = [...this.answers][at % Math.max(1, this.answers.size)]
    const leaf = answer?.leaves[answer.arrived]
    if (answer === undefined || leaf === undefined || answer.arrived === answer.sent) return
    answer.arrived++
    if (answer.arrived === answer.leaves.length) this.answers.delete(answer)
    this.kept.add(leaf)
    this.#verified.push(leaf)
    this.link.count(leaf)
  }

  /** The viewer wants no more of an answer, or its connection breaks. */
  cancel(at: number): void {
    const answer = [...this.answers][at % Math.max(1, this.answers.size)]
    if (answer !== undefined) this.#break(answer)
  }

  deliver(from: 'viewer' | 'host'): void {
    for (const wire of this.#wires) wire.deliver(from)
  }

  /** The network between them fails, for everything that is under way. */
  cut(): void {
    for (const wire of this.#wires) wire.cut()
    this.#wires.clear()
    for (const answer of this.answers) this.#break(answer)
  }

  /** `landed`: writes that reach the disk before the end. `unnoted`: a leaf was stored just then, and not counted. */
  async crashViewer(landed: number, unnoted: boolean): Promise<void> {
    const before = this.link.countedBytes
    if (unnoted) this.#storeUncounted()
    this.viewerDisk.crash(landed)
    this.cut()
    await this.startViewer()
    // What it counted and cannot remember is nobody's any more.
    this.lostBytes += Math.max(0, before - this.link.countedBytes)
  }

  async crashHost(landed: number): Promise<void> {
    this.hostDisk.crash(landed)
    const stop = this.#stopServing
    this.#accept = undefined
    this.cut()
    await stop?.()
    await this.startHost()
  }

  async end(): Promise<void> {
    this.cut()
    this.viewerDisk.crash(0)
    await this.#stopServing?.()
  }

  /** What must hold at every moment; the first violation, if there is one. */
  check(): string | undefined {
    if (this.fault !== undefined) return this.fault
    const [viewerBytes, hostBytes] = [this.viewerBytes, this.hostBytes]
    if (hostBytes > viewerBytes)
      return `the host holds ${hostBytes}, of which the viewer wrote down ${viewerBytes}`
    if (viewerBytes > sizeOf(this.kept)) return `signed ${viewerBytes} for ${sizeOf(this.kept)} verified`
    // The table of docs/ARCHITECTURE.md: credit, one block, and the write-off.
    const unpaid = this.#sentBytes - (hostBytes - this.#paidBefore)
    const forgiven = mebibyte + Math.floor((3 * hostBytes) / 100)
    const most = creditOf(openCreditWindow(allotment.cap, hostBytes)) + leafBytes + forgiven
    if (unpaid >= most) return `the host stands to lose ${unpaid}, more than ${most}`
    return undefined
  }

  #storeUncounted(): void {
    const answer = [...this.answers].find(({ sent, arrived }) => arrived < sent)
    const leaf = answer?.leaves[answer.arrived]
    if (answer === undefined || leaf === undefined) return
    answer.arrived++
    this.kept.add(leaf)
    this.lostBytes += leaf.size
  }

  #break(answer: Answer): void {
    this.answers.delete(answer)
    this.lostBytes += sizeOf(answer.leaves.slice(answer.arrived, answer.sent))
    if (answer.sent < answer.leaves.length) answer.feed.close(answer.sent, false)
  }

  /** Nobody says what it has not written down. */
  #hearViewer({ cmd, data }: Frame): void {
    const word = orThrow(decodeFromViewer(cmd, data))
    if (word?.cmd === 'payment' && word.body.receipt.bytes > this.viewerBytes)
      this.fault ??= 'the viewer sent a receipt that it had not stored'
  }

  #hearHost({ cmd, data }: Frame): void {
    const word = orThrow(decodeFromHost(cmd, data))
    if (word?.cmd === 'paymentack' && word.body.bytes > this.hostBytes)
      this.fault ??= 'the host acknowledged a receipt that it had not stored'
    if (word?.cmd === 'bye' && word.body.code !== 'stopping')
      this.fault ??= `the host refused: ${word.body.code}`
  }
}

const bytesOf = (receipt: unknown): number => {
  if (receipt === undefined) return 0
  if (typeof receipt === 'object' && receipt !== null && 'bytes' in receipt) return Number(receipt.bytes)
  throw new ParatiiError('store-failed')
}
