import * as v from 'valibot'
import { type Meter, type PurchaseView, purchaseSchema } from '#bridge/shapes.ts'
import { addressField, formatNameField, hashField, uint53Field, videoIdField } from '#protocol/fields.ts'
import { orderSchema } from '#protocol/order.ts'
import type { Address, FormatName, PurchaseNonce, VideoId } from '#std/brand.ts'
import type { Cell } from './store.ts'

/** One purchase, written before its order is sent: what is needed to go on with it, and what the popup shows. */
export const purchaseEntrySchema = v.object({
  ...purchaseSchema.entries,
  /**
   * `ordered`: the order was signed, and whether it is on the chain is not yet known. `refused`: the publisher says that
   * it will not submit it, which is its word alone.
   */
  state: v.picklist(['ordered', 'refused', 'open', 'closed']),
  /** Unix seconds until which its order may be submitted. */
  validUntil: v.optional(uint53Field, 0),
  chainId: uint53Field,
  buyer: addressField,
  video: videoIdField,
  format: formatNameField,
  /** Leads to the node key. */
  salt: hashField,
  /** Kept while `ordered`: the same order is sent again then, so that nothing is bought twice. */
  order: v.exactOptional(orderSchema),
})
export type PurchaseEntry = v.InferOutput<typeof purchaseEntrySchema>
export const purchaseListSchema = v.array(purchaseEntrySchema)

/** Purchases that are over and settled are forgotten above this number; what may still cost or return anything never. */
const maxEntries = 500
const noteMs = 1_000

export type Sought = {
  readonly chainId: number
  readonly buyer: Address
  readonly video: VideoId
  readonly format: FormatName
}

/** All purchases of this wallet, newest first. */
export class PurchaseBook {
  readonly #cell: Cell<PurchaseEntry[]>
  readonly #changed: () => void
  /** The newest meters that are not stored yet. */
  readonly #noted = new Map<PurchaseNonce, Meter>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(cell: Cell<PurchaseEntry[]>, changed: () => void) {
    this.#cell = cell
    this.#changed = changed
  }

  async list(): Promise<readonly PurchaseEntry[]> {
    return (await this.#cell.read()) ?? []
  }

  async get(purchase: PurchaseNonce): Promise<PurchaseEntry | undefined> {
    return (await this.list()).find(entry => entry.purchase === purchase)
  }

  /** The newest purchase of a video that is not closed. */
  async findOpen(sought: Sought): Promise<PurchaseEntry | undefined> {
    return (await this.list()).find(
      entry =>
        (entry.state === 'open' || entry.state === 'ordered') &&
        entry.chainId === sought.chainId &&
        entry.buyer === sought.buyer &&
        entry.video === sought.video &&
        entry.format === sought.format,
    )
  }

  async add(entry: PurchaseEntry): Promise<void> {
    await this.#update(entries => [
      entry,
      ...entries.filter((old, index) => index < maxEntries - 1 || old.isSettled !== true),
    ])
  }

  /** Takes over purchases that were found again, each at its age. */
  async addAll(found: readonly PurchaseEntry[]): Promise<void> {
    if (found.length === 0) return
    await this.#update(entries =>
      [...entries, ...found].toSorted((one, other) => other.boughtAtMs - one.boughtAtMs),
    )
  }

  async remove(purchase: PurchaseNonce): Promise<void> {
    await this.#update(entries => entries.filter(entry => entry.purchase !== purchase))
  }

  /** What is on the chain, or over, needs its order no more. */
  async settle(purchase: PurchaseNonce, state: 'open' | 'refused' | 'closed'): Promise<void> {
    await this.#takeNoted()
    await this.#change(purchase, ({ order: _, ...entry }) => ({ ...entry, state }))
  }

  /** Takes over when the chain gives the rest back. */
  async noteEnd(purchase: PurchaseNonce, endsAtMs: number): Promise<void> {
    const known = await this.get(purchase)
    if (known?.endsAtMs !== endsAtMs || known.isUndone)
      await this.#change(purchase, ({ isUndone: _, ...entry }) => ({ ...entry, endsAtMs }))
  }

  /** The chain no longer has it. */
  async noteUndone(purchase: PurchaseNonce): Promise<void> {
    await this.#change(purchase, entry => ({ ...entry, isUndone: true }))
  }

  /** Takes over what the chain has paid, once it is final: a receipt that nobody settled was not paid. */
  async reconcile(purchase: PurchaseNonce, paidWei: bigint): Promise<void> {
    await this.#takeNoted()
    await this.#change(purchase, entry => ({ ...entry, paidWei, isSettled: true }))
  }

  /**
   * Takes over what the node has signed for, within a second: the node tells it ten times as often, and each writing
   * writes the whole list.
   */
  note(meter: Meter): void {
    this.#noted.set(meter.purchase, meter)
    this.#timer ??= setTimeout(() => {
      // What could not be stored now is told again by the next meter: it only ever grows.
      this.#takeNoted().catch(() => undefined)
    }, noteMs)
  }

  async #takeNoted(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const meters = new Map(this.#noted)
    this.#noted.clear()
    if (meters.size === 0) return
    await this.#update(entries =>
      entries.map(entry => {
        const meter = meters.get(entry.purchase)
        // An older meter changes nothing.
        if (
          meter === undefined ||
          entry.isSettled ||
          meter.paidWei < entry.paidWei ||
          meter.verifiedBytes < entry.verifiedBytes
        )
          return entry
        return {
          ...entry,
          paidWei: meter.paidWei,
          verifiedBytes: meter.verifiedBytes,
          hosts: meter.hosts,
        }
      }),
    )
  }

  async #change(purchase: PurchaseNonce, change: (entry: PurchaseEntry) => PurchaseEntry): Promise<void> {
    await this.#update(entries => entries.map(entry => (entry.purchase === purchase ? change(entry) : entry)))
  }

  async #update(change: (entries: readonly PurchaseEntry[]) => PurchaseEntry[]): Promise<void> {
    await this.#cell.update(entries => change(entries ?? []))
    this.#changed()
  }
}

/** A purchase as the popup shows it. */
export const viewOf = (entry: PurchaseEntry, playing: boolean): PurchaseView => ({
  purchase: entry.purchase,
  title: entry.title,
  payee: entry.payee,
  ...(entry.site === undefined ? {} : { site: entry.site }),
  ...(entry.endsAtMs === undefined ? {} : { endsAtMs: entry.endsAtMs }),
  ...(entry.isUndone === undefined ? {} : { isUndone: entry.isUndone }),
  ...(entry.isSettled === undefined ? {} : { isSettled: entry.isSettled }),
  boughtAtMs: entry.boughtAtMs,
  totalWei: entry.totalWei,
  paidWei: entry.paidWei,
  verifiedBytes: entry.verifiedBytes,
  totalBytes: entry.totalBytes,
  hosts: entry.hosts,
  state: playing && entry.state === 'open' ? 'playing' : entry.state,
})
