import { openAttentionSource } from '#market/attention-source.ts'
import { buildCampaignBatch, campaignUnitWei } from '#protocol/campaign.ts'
import { addressOf } from '#protocol/signature.ts'
import type { Hash } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { Turns } from '#std/turns.ts'
import {
  batchChange,
  findBatch,
  findBid,
  listAccepted,
  placeChanges,
  type StoredBatch,
  type StoredBid,
  type StoredLeaf,
} from './bid-records.ts'
import { countChange, findCampaign, listCampaigns, type StoredCampaign } from './campaign-records.ts'
import { countOf } from './opening.ts'
import { type AdvertiserPorts, errorDetails } from './ports.ts'

type Waiter = { resolve(leaf: StoredLeaf): void; reject(error: ParatiiError): void }

/** Puts accepted viewers on the chain, as many at once as came within a moment. */
export class AllottingDesk {
  readonly #ports: AdvertiserPorts
  readonly #turns: Turns
  readonly #stopping: AbortSignal
  readonly #waiting = new Map<Hash, Waiter[]>()
  readonly #due = new Map<Hash, Promise<void>>()
  readonly #again = new Set<Hash>()

  constructor(ports: AdvertiserPorts, turns: Turns, stopping: AbortSignal) {
    this.#ports = ports
    this.#turns = turns
    this.#stopping = stopping
  }

  /** Goes on with what an earlier run accepted and may not have put on the chain. */
  async resume(): Promise<void> {
    const { records } = this.#ports
    for (const { campaign } of await listCampaigns(records))
      if ((await findBatch(records, campaign)) !== undefined) this.#begin(campaign)
    for (const { bid } of await listAccepted(records)) this.#begin(bid.campaign)
  }

  /** Resolves with the place on the chain of a bid that was accepted. */
  place(bid: StoredBid): Promise<StoredLeaf> {
    const { promise, resolve, reject } = Promise.withResolvers<StoredLeaf>()
    this.#waiting.set(bid.hash, [...(this.#waiting.get(bid.hash) ?? []), { resolve, reject }])
    this.#begin(bid.bid.campaign)
    return promise
  }

  /** Waits until nothing is on its way to the chain. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#due.values())
  }

  #begin(campaign: Hash): void {
    if (this.#stopping.aborted) return
    // What is accepted while a batch is under way may have come too late for its last look.
    if (this.#due.has(campaign)) {
      this.#again.add(campaign)
      return
    }
    const due = this.#allot(campaign)
      .catch(thrown => this.#ports.notice('allot-failed', errorDetails(errorFrom(thrown))))
      .finally(() => {
        this.#due.delete(campaign)
        if (this.#again.delete(campaign)) this.#begin(campaign)
      })
    this.#due.set(campaign, due)
  }

  async #allot(campaign: Hash): Promise<void> {
    const { clock, config, records } = this.#ports
    const stored = await findCampaign(records, campaign)
    if (stored === undefined) throw new ParatiiError('campaign-unknown', { campaign })
    for (;;) {
      await clock.sleep(config.batchMs, this.#stopping)
      const batch = (await findBatch(records, campaign)) ?? (await this.#gather(stored))
      if (batch === undefined) return
      try {
        await this.#put(stored, batch)
      } catch (thrown) {
        const error = errorFrom(thrown)
        for (const hash of batch.bids) this.#tell(hash, waiter => waiter.reject(error))
        throw error
      }
    }
  }

  /** The next batch, stored: of the bids that were accepted and have no place yet. */
  async #gather({ campaign, plan }: StoredCampaign): Promise<StoredBatch | undefined> {
    const { market, records } = this.#ports
    const accepted = (await listAccepted(records)).filter(({ bid }) => bid.campaign === campaign)
    if (accepted.length === 0) return undefined
    const { length: index } = await market.batches(campaign, this.#stopping)
    const bids = accepted.slice(0, 2 ** plan.depth).map(({ hash }) => hash)
    const batch = { campaign, index, bids }
    await records.write([batchChange(campaign, batch)])
    return batch
  }

  async #put(stored: StoredCampaign, { campaign, index, bids }: StoredBatch): Promise<void> {
    const { market, marketWriter, notice, records } = this.#ports
    const accepted = await Promise.all(bids.map(hash => this.#accepted(hash)))
    const allotments = accepted.map(({ viewerAddress, payee, units }) => ({
      viewer: viewerAddress,
      payout: payee,
      cap: units,
    }))
    const tree = orThrow(buildCampaignBatch(allotments, index, stored.plan.depth))
    // An earlier run may have died between the transaction and its record.
    const before = (await market.batches(campaign, this.#stopping))[index]
    if (before !== undefined && before !== tree.allotments)
      throw new ParatiiError('chain-mismatch', { campaign, batch: index })
    if (before === undefined) await marketWriter.allot(campaign, tree.allotments, this.#stopping)
    const leaves = accepted.map(({ stored: bid, payee, units }, i): StoredLeaf => {
      const { leaf, siblings } = tree.places[i] ?? { leaf: 0, siblings: [] }
      const { bid: rateWei, chunksize: chunkSeconds, length, presence } = bid.bid
      return {
        campaign,
        leaf,
        hash: bid.hash,
        viewer: bid.viewer,
        payee,
        units,
        siblings,
        source: openAttentionSource(
          { rateWei, chunkSeconds, length },
          BigInt(units) * campaignUnitWei,
          presence.visible,
        ),
        nonce: null,
      }
    })
    await this.#turns.take(campaign, async () => {
      const count = await countOf(this.#ports, stored)
      await records.write([
        ...leaves.flatMap(placeChanges),
        countChange(campaign, { ...count, batches: index + 1 }),
        batchChange(campaign, undefined),
      ])
    })
    notice('allotted', { campaign, batch: index, viewers: leaves.length })
    for (const leaf of leaves) this.#tell(leaf.hash, waiter => waiter.resolve(leaf))
  }

  async #accepted(hash: Hash) {
    const stored = await findBid(this.#ports.records, hash)
    const viewerAddress = stored && addressOf(this.#ports.crypto, stored.viewer)
    if (stored === undefined || stored.accepted === null || viewerAddress === undefined)
      throw new ParatiiError('store-failed', { hash })
    return { stored, viewerAddress, ...stored.accepted }
  }

  #tell(hash: Hash, tell: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiting.get(hash) ?? []) tell(waiter)
    this.#waiting.delete(hash)
  }
}
