import type { SentNote } from '#chain/sender.ts'
import type { Letter } from '#network/mailbox.ts'
import { checkOrder } from '#protocol/check-order.ts'
import { type Order, totalWei } from '#protocol/order.ts'
import type { PurchaseAnswer } from '#protocol/purchase.ts'
import { type RequestClose, recoverRequestClose } from '#protocol/request-close.ts'
import { hashTerms } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { HostRegister } from './host-register.ts'
import { findOrder, listOrders, type OrderRecord, saveOrder } from './orders.ts'
import { errorDetails, type PublisherPorts } from './ports.ts'
import { listVideos } from './videos.ts'

/** An order that expires sooner cannot be counted on to be mined in time. */
const shortestValiditySeconds = 20

/** Takes orders and closes, submits them to the chain, and answers. */
export class OrderDesk {
  readonly #ports: PublisherPorts
  readonly #hosts: HostRegister
  readonly #underWay = new Map<PurchaseNonce, Promise<PurchaseAnswer>>()
  readonly #stopping: AbortSignal

  constructor(ports: PublisherPorts, hosts: HostRegister, stopping: AbortSignal) {
    this.#ports = ports
    this.#hosts = hosts
    this.#stopping = stopping
  }

  /** Goes on with orders that an earlier run took and may not have submitted. */
  async resume(): Promise<void> {
    for (const record of await listOrders(this.#ports.records))
      if (record.state === 'taken') this.#open(record)
  }

  /**
   * Checks an order and stores it; that is what resolving acknowledges. The answer follows when the chain has
   * decided. The same order again is answered again, and never submitted twice.
   */
  async take({ reply }: Letter, order: Order, signal: AbortSignal): Promise<void> {
    const record = await this.#accept(order, signal)
    this.#open(record)
      .then(answer => reply('purchase', answer, this.#stopping))
      // The viewer left. It finds its purchase on the chain, or orders again.
      .catch(() => {})
  }

  /** Stores a request to close, to be relayed; refuses one that neither signer nor buyer signed. */
  async close(close: RequestClose): Promise<OrderRecord> {
    const { config, crypto, reader, records } = this.#ports
    const record = await findOrder(records, close.nonce)
    if (record === undefined) throw new ParatiiError('purchase-unknown')
    const { videoStore } = await reader.addresses()
    const by = recoverRequestClose(crypto, paratiiDomain(config.chainId, videoStore), close)
    if (by !== record.signer && by !== record.order.buyer) throw new ParatiiError('signature-invalid')
    const closing = { ...record, close: close.signature }
    if (record.close === undefined) await saveOrder(records, closing)
    return closing
  }

  /** Waits until no order is being submitted. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay.values())
  }

  /** The record of an order that is good, stored as taken if it is new. */
  async #accept(order: Order, signal: AbortSignal): Promise<OrderRecord> {
    const { config, crypto, reader, records } = this.#ports
    const { videoStore, token } = await reader.addresses(signal)
    const context = { chainId: config.chainId, store: videoStore, token }
    const { nonce, signer } = orThrow(checkOrder(crypto, order, context))
    const known = await findOrder(records, nonce)
    // What was refused may be tried again: the balance may be there now.
    if (known !== undefined && known.state !== 'refused') return known
    await this.#checkWorth(order, signal)
    const record: OrderRecord = { nonce, signer, order, state: 'taken' }
    await saveOrder(records, record)
    return record
  }

  /** All that signatures cannot tell: whether we sell this so, and whether it can be paid. */
  async #checkWorth(order: Order, signal: AbortSignal): Promise<void> {
    const { clock, config, reader, records } = this.#ports
    const sold = (await listVideos(records, order.id)).some(({ format }) => format === order.format)
    if (!sold) throw new ParatiiError('video-unknown', { id: order.id })
    if (hashTerms(await reader.terms(order.id, order.format, signal)) !== hashTerms(order.terms)) {
      throw new ParatiiError('terms-changed')
    }
    if (order.validUntil < clock.nowMs() / 1000 + shortestValiditySeconds)
      throw new ParatiiError('order-expired')
    if (order.relayFee < config.minimumRelayFeeWei) {
      throw new ParatiiError('relay-fee-too-low', { minimumWei: config.minimumRelayFeeWei.toString() })
    }
    for (const { key, payout } of order.leaves) {
      const host = this.#hosts.get(key)
      if (host === undefined) throw new ParatiiError('not-listed', { key })
      if (host.payout !== payout) throw new ParatiiError('allotment-invalid', { field: 'payout' })
    }
    const spendableWei = await this.#spendable(order, signal)
    if (spendableWei < totalWei(order)) throw new ParatiiError('balance-too-low')
  }

  async #spendable({ buyer, payment }: Order, signal: AbortSignal): Promise<bigint> {
    const { reader } = this.#ports
    const balanceWei = await reader.balanceWei(buyer, signal)
    if (payment === 'authorization') return balanceWei
    const allowanceWei = await reader.allowanceWei(buyer, signal)
    if (allowanceWei < balanceWei) return allowanceWei
    return balanceWei
  }

  #open(record: OrderRecord): Promise<PurchaseAnswer> {
    const underWay = this.#underWay.get(record.nonce)
    if (underWay !== undefined) return underWay
    const opening = this.#submit(record).finally(() => this.#underWay.delete(record.nonce))
    this.#underWay.set(record.nonce, opening)
    opening.catch(() => {})
    return opening
  }

  /** Resolves with the chain's word. Rejects, with the order still taken, when the chain cannot be asked now. */
  async #submit(record: OrderRecord): Promise<PurchaseAnswer> {
    const { nonce, order } = record
    if (record.state === 'open' || record.state === 'done') return this.#opened(record)
    const { notice, reader, records, writer } = this.#ports
    try {
      // An earlier run may have died between submitting and storing the answer.
      const [before] =
        (await reader.purchase(nonce, this.#stopping)) === undefined ? [] : await this.#find(nonce)
      const note: SentNote = {
        find: async () => record.transaction,
        keep: transaction => saveOrder(records, { ...record, transaction }),
      }
      const transaction = before ?? (await writer.submitOrder(order, this.#stopping, note)).transaction.hash
      await saveOrder(records, { ...record, state: 'open', transaction })
      notice('purchase-opened', { nonce, transaction })
      return { nonce, transaction }
    } catch (thrown) {
      const error = errorFrom(thrown)
      notice('purchase-failed', { nonce, ...errorDetails(error) })
      if (error.retryable || error.code === 'aborted') throw error
      const { transaction: _, ...refused } = record
      await saveOrder(records, { ...refused, state: 'refused', code: error.code })
      return { code: error.code }
    }
  }

  async #opened({ nonce, transaction }: OrderRecord): Promise<PurchaseAnswer> {
    const [found] = transaction === undefined ? await this.#find(nonce) : [transaction]
    return found === undefined ? { code: 'purchase-unknown' } : { nonce, transaction: found }
  }

  async #find(nonce: PurchaseNonce) {
    const events = await this.#ports.reader.purchases({ nonce }, this.#stopping)
    return events.map(event => event.log.transactionHash)
  }
}
