import type { Leaf, MediaDirectory } from '#media/dag.ts'
import { CreditGate } from '#network/credit-gate.ts'
import { leavesOf } from '#network/directory-shelf.ts'
import type { ExchangeAccount } from '#network/exchange-server.ts'
import { openPaidFeed } from '#network/leaf-feed.ts'
import type { LeafFeed } from '#network/leaf-sender.ts'
import { acceptPayment } from '#payments/receipt-book.ts'
import type { Allotment } from '#protocol/allotment.ts'
import type { InitAck, Payment, PaymentAck } from '#protocol/exchange.ts'
import { type Receipt, type ReceiptExpectation, verifyReceipt } from '#protocol/receipt.ts'
import type { Address, Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'
import { type ServedPurchase, saveReceipt } from './served-purchases.ts'

export type AccountOptions = {
  readonly crypto: Crypto
  readonly records: Records
  readonly blocks: Blocks
  readonly purchase: ServedPurchase
  readonly allotment: Allotment
  readonly expectation: ReceiptExpectation
  readonly directory: MediaDirectory
  readonly root: Cid
  /** The newest receipt stored before. */
  readonly receipt: Receipt | undefined
  /** Multiaddr of our data plane, if there is one. */
  readonly http: () => string | undefined
  /** Throws when the chain says that the purchase is served no more. */
  readonly check: (signal: AbortSignal) => Promise<unknown>
  /** A receipt is stored. */
  readonly onReceipt: (receipt: Receipt) => void
}

/** One purchase as it is served: its window over all streams, and its newest receipt. */
export class Account implements ExchangeAccount {
  readonly gate: CreditGate
  readonly #options: AccountOptions
  readonly #leaves: ReadonlyMap<Cid, Leaf>
  #receipt: Receipt | undefined
  /** Receipts are taken one after the other, from however many streams they come. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: AccountOptions) {
    const { allotment, directory, receipt } = options
    this.#options = options
    this.#receipt = receipt
    this.#leaves = leavesOf(directory)
    this.gate = new CreditGate(allotment.cap, receipt?.bytes ?? 0)
  }

  get purchase(): ServedPurchase {
    return this.#options.purchase
  }

  get signer(): Address {
    return this.#options.purchase.signer
  }

  get root(): Cid {
    return this.#options.root
  }

  get directory(): MediaDirectory {
    return this.#options.directory
  }

  get ack(): InitAck {
    const { purchase, http } = this.#options
    const address = http()
    return {
      fee: purchase.order.terms.fee,
      credit: this.gate.creditBytes,
      ...(address === undefined ? {} : { http: address }),
      ...(this.#receipt === undefined ? {} : { receipt: this.#receipt }),
    }
  }

  pay(payment: Payment): Promise<PaymentAck> {
    const paid = this.#turn.then(() => this.#take(payment))
    this.#turn = paid.catch(() => {})
    return paid
  }

  /** Leaves of a signed request, or of one on a stream that the purchase's key opened. */
  feed(leaves: readonly Leaf[]): LeafFeed {
    return openPaidFeed(leaves, this.#options.blocks, this.gate)
  }

  async open(blocks: readonly Cid[], signal: AbortSignal): Promise<LeafFeed> {
    await this.#options.check(signal)
    const leaves = new Set(blocks.flatMap(cid => this.#leaves.get(cid) ?? []))
    if (leaves.size !== blocks.length || leaves.size === 0)
      throw new ParatiiError('request-malformed', { reason: 'no leaf of it, or one twice' })
    return this.feed([...leaves])
  }

  watch(tell: (outstanding: number) => void, signal: AbortSignal): void {
    this.gate.watch(tell, signal)
  }

  async #take(payment: Payment): Promise<PaymentAck> {
    const { crypto, records, expectation, onReceipt } = this.#options
    orThrow(verifyReceipt(crypto, payment.receipt, expectation))
    const newBytes = orThrow(acceptPayment(this.#receipt, payment, cid => this.#leaves.get(cid)?.size))
    if (newBytes > 0) {
      await saveReceipt(records, payment.receipt)
      this.#receipt = payment.receipt
      this.gate.pay(payment.receipt.bytes)
      onReceipt(payment.receipt)
    }
    return { bytes: payment.receipt.bytes, credit: this.gate.creditBytes }
  }
}
