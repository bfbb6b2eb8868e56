import type { BidView, ViewingView } from '#bridge/earning.ts'
import { isWatched } from '#market/attention-watcher.ts'
import type { Acceptance } from '#protocol/acceptance.ts'
import { type EarnerPorts, findBidders, gatherBids, type HeardBid } from '#roles/viewer/asking.ts'
import { acceptBid } from '#roles/viewer/earning.ts'
import { type Earning, listEarnings } from '#roles/viewer/earning-records.ts'
import { Viewing } from '#roles/viewer/viewing.ts'
import type { Address, FormatName, Hash, Signature } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { viewOfEarning } from './viewing-view.ts'

export type Wish = {
  readonly minimumWei: bigint
  readonly languages: readonly string[]
  /** Seconds that a video may last. */
  readonly longest: number
}

type Heard = { readonly bid: HeardBid; readonly viewerKey: Uint8Array }

/** How long answers to an ask are gathered. */
const gatherMs = 1_500
const mostHeard = 64
/** A viewing that no page follows is left after so long: a page that is loaded anew finds it. */
const leaveAfterMs = 30_000
/** One that was cut off by the end of the browser is taken up again if it is no older: its advertiser waits no longer. */
const resumableMs = 10 * 60_000
const formats = ['cmaf' as FormatName]

/** The node's side of being paid for attention: bids that were heard, and the viewings that run. */
export class Earner {
  readonly #ports: EarnerPorts & { readonly leaves: Blocks }
  readonly #heard = new Map<Hash, Heard>()
  readonly #viewings = new Map<Hash, Viewing>()
  /** Pages that follow a viewing. */
  readonly #followers = new Map<Hash, number>()
  readonly #leaving = new Map<Hash, ReturnType<typeof setTimeout>>()
  /** Viewings that ended, or that the person left, while this node lived: none of them is taken up again. */
  readonly #over = new Set<Hash>()
  readonly #told: (viewing: ViewingView) => void

  constructor(ports: EarnerPorts & { readonly leaves: Blocks }, told: (viewing: ViewingView) => void) {
    this.#ports = ports
    this.#told = told
  }

  /** Asks advertisers on the chain for bids, by a key made for this: what they answer cannot be tied to another ask. */
  async look(wish: Wish, signal: AbortSignal): Promise<readonly BidView[]> {
    const viewerKey = this.#ports.random.bytes(32)
    const bidders = await findBidders(this.#ports, signal)
    const ask = {
      minimum: wish.minimumWei,
      languages: wish.languages,
      topics: [],
      formats,
      longest: wish.longest,
      account: null,
    }
    const asker = { viewerKey, signingKey: viewerKey }
    const heard =
      bidders.length === 0 ? [] : await gatherBids(this.#ports, ask, asker, bidders, gatherMs, signal)
    for (const bid of heard) this.#heard.set(bid.hash, { bid, viewerKey })
    for (const hash of [...this.#heard.keys()].slice(0, -mostHeard)) this.#heard.delete(hash)
    return heard.map(viewOfBid)
  }

  /** Accepts a bid that was heard, once, and starts to watch. Throws what {@link acceptBid} throws, `bid-unknown`. */
  async accept(
    hash: Hash,
    payee: Address,
    sign: (acceptance: Acceptance) => Promise<Signature>,
    signal: AbortSignal,
  ): Promise<ViewingView> {
    const found = this.#heard.get(hash)
    if (found === undefined) throw new ParatiiError('bid-unknown')
    this.#heard.delete(hash)
    const signer = { payee, sign: (_: unknown, acceptance: Acceptance) => sign(acceptance) }
    const earning = await acceptBid(this.#ports, found.bid, found.viewerKey, signer, signal)
    return this.#start(earning)
  }

  /** The newest viewing of an account that nobody follows and that is not over; undefined if there is none. */
  async resume(payee: Address): Promise<ViewingView | undefined> {
    const isFree = (bid: Hash): boolean => (this.#followers.get(bid) ?? 0) === 0
    for (const { earning, ended } of this.#viewings.values())
      if (ended === undefined && earning.payee === payee && isFree(earning.bid)) return this.#viewOf(earning)
    const since = this.#ports.clock.nowMs() - resumableMs
    const kept = (await listEarnings(this.#ports.records)).find(
      ({ acceptedAtMs, bid, payee: paid, watcher }) =>
        paid === payee &&
        acceptedAtMs >= since &&
        !isWatched(watcher) &&
        !this.#viewings.has(bid) &&
        !this.#over.has(bid),
    )
    return kept === undefined ? undefined : this.#start(kept)
  }

  /** Throws `bid-unknown`. */
  viewing(bid: Hash): Viewing {
    const viewing = this.#viewings.get(bid)
    if (viewing === undefined) throw new ParatiiError('bid-unknown')
    return viewing
  }

  /** A page follows a viewing, until the function returned is called. */
  follow(bid: Hash): () => void {
    clearTimeout(this.#leaving.get(bid))
    this.#followers.set(bid, (this.#followers.get(bid) ?? 0) + 1)
    return () => {
      const left = (this.#followers.get(bid) ?? 1) - 1
      this.#followers.set(bid, left)
      if (left === 0) this.#leaveSoon(bid)
    }
  }

  /** What it has brought so far. Throws `bid-unknown`. */
  view(bid: Hash): ViewingView {
    return this.#viewOf(this.viewing(bid).earning)
  }

  /** The person leaves it, for good. */
  stop(bid: Hash): void {
    this.#over.add(bid)
    this.#viewings.get(bid)?.stop()
  }

  /** Leaves what runs; all of it may be taken up again. */
  shutdown(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer)
    for (const viewing of this.#viewings.values()) viewing.stop()
  }

  #start(earning: Earning): ViewingView {
    const { bid } = earning
    const viewing = new Viewing(this.#ports, earning)
    this.#viewings.set(bid, viewing)
    this.#leaveSoon(bid)
    void viewing
      .run(now => this.#told(this.#viewOf(now)))
      .then(() => {
        // One that was left because its page went may be found again by the next.
        if (viewing.ended !== 'aborted') this.#over.add(bid)
        this.#told(this.#viewOf(viewing.earning))
      })
    return this.#viewOf(earning)
  }

  #leaveSoon(bid: Hash): void {
    this.#leaving.set(
      bid,
      setTimeout(() => {
        this.#viewings.get(bid)?.stop()
        this.#viewings.delete(bid)
        this.#followers.delete(bid)
        this.#leaving.delete(bid)
      }, leaveAfterMs),
    )
  }

  #viewOf(earning: Earning): ViewingView {
    const viewing = this.#viewings.get(earning.bid)
    return viewOfEarning(earning, viewing !== undefined && viewing.ended === undefined)
  }
}

const viewOfBid = ({ affiliateBps, bid, campaign, hash, length, ...heard }: HeardBid): BidView => ({
  hash,
  payer: heard.payer,
  title: heard.title,
  rateWei: heard.rateWei,
  affiliateBps,
  affiliate: campaign.affiliate,
  receivedAtMs: heard.receivedAtMs,
  validUntil: heard.validUntil,
  length,
  visible: bid.presence.visible,
  challenge: bid.presence.challenge,
})
