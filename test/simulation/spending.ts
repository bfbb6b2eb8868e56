import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { chunkCountOf } from '#market/chunk-price.ts'
import { openContentSource, takeWant } from '#market/content-source.ts'
import { openContentWatcher, takeChunk } from '#market/content-watcher.ts'
import { decidePrice } from '#market/pricing.ts'
import { unknownViewer } from '#market/viewer-profile.ts'
import { type Acceptance, depositOf, signAcceptance } from '#protocol/acceptance.ts'
import { signBalanceProof } from '#protocol/balance-proof.ts'
import { signBid, verifyBid } from '#protocol/bid.ts'
import type { Hash } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Draws } from './draws.ts'
import type { Figures } from './figures.ts'
import { channelsDomain, type Ledger } from './ledger.ts'
import { actorOf, carry, cmaf, type Publisher, type Viewer } from './people.ts'
import type { Queue } from './queue.ts'

type World = {
  readonly draws: Draws
  readonly ledger: Ledger
  readonly queue: Queue
  readonly figures: Figures
  readonly publishers: readonly Publisher[]
}

const bidSeconds = 300
const mostPast = 200

/** The side of the market where viewers pay. */
export class Spending {
  readonly #world: World
  readonly #lastProofs = new Map<Hash, bigint>()
  #bids = 0

  constructor(world: World) {
    this.#world = world
  }

  /** A viewer bids what a film is worth to it; to a counter-offer that is not more it says yes. */
  bid(viewer: Viewer): void {
    const { draws, publishers } = this.#world
    const publisher = draws.pick(publishers)
    const first = (viewer.mostWei * BigInt(60 + draws.below(41))) / 100n
    const accepted = this.#offer(viewer, publisher, first)
    const agreed =
      typeof accepted === 'bigint' && accepted <= viewer.mostWei
        ? this.#offer(viewer, publisher, accepted)
        : accepted
    if (typeof agreed === 'object') this.#open(viewer, publisher, agreed)
  }

  /** Each channel was closed at the last proof that was given in it, and none is left open. */
  check(): void {
    const { ledger } = this.#world
    if (ledger.openChannels > 0) throw new Error('a channel was left open')
    for (const [channel, paidWei] of ledger.closed)
      if (paidWei !== (this.#lastProofs.get(channel) ?? 0n)) throw new Error('not closed at its last proof')
  }

  /** The acceptance, a counter-offer, or nothing. */
  #offer(viewer: Viewer, publisher: Publisher, bidWei: bigint): Acceptance | bigint | undefined {
    const { figures, queue } = this.#world
    const { film, wallet } = publisher
    const nowSeconds = Math.floor(queue.nowMs / 1000)
    const draft = {
      id: film.id,
      format: cmaf,
      bid: bidWei,
      payer: viewer.wallet.address,
      signer: actorOf(`node ${this.#bids++}`).address,
      validUntil: nowSeconds + bidSeconds,
      salt: `0x${this.#bids.toString(16).padStart(64, '0')}` as Hash,
    }
    const bid = carry('bid', signBid(crypto, draft, wallet.publicKey, viewer.wallet.secret), wallet.publicKey)
    const hash = orThrow(verifyBid(crypto, bid, wallet.publicKey, queue.nowMs))
    figures.signatures += 2
    const countered = publisher.countered.get(bid.payer) ?? 0
    const decision = decidePrice(publisher.policy, {
      bidWei: bid.bid,
      profile: unknownViewer,
      pastWei: publisher.past,
      countered,
      nowSeconds,
    })
    publisher.past.push(bid.bid)
    if (publisher.past.length > mostPast) publisher.past.shift()
    publisher.bids++
    if (decision.kind === 'refuse') return undefined
    if (decision.kind === 'counter') {
      publisher.countered.set(bid.payer, countered + 1)
      return decision.rateWei
    }
    if (decision.rateWei > bid.bid) throw new Error('accepted above the bid')
    publisher.accepted++
    return {
      bid: hash,
      payer: bid.payer,
      payee: wallet.address,
      signer: bid.signer,
      video: film.id,
      format: cmaf,
      address: film.address,
      rate: decision.rateWei,
      chunkSeconds: film.chunkSeconds,
      length: film.length,
      validUntil: draft.validUntil,
    }
  }

  #open(viewer: Viewer, publisher: Publisher, acceptance: Acceptance): void {
    const { draws, figures, ledger, queue } = this.#world
    if (ledger.balanceWei(viewer.wallet.address) < depositOf(acceptance)) return
    const yes = signAcceptance(crypto, channelsDomain, acceptance, publisher.wallet.secret)
    const channel = ledger.openChannel(acceptance, yes)
    figures.channels++
    figures.signatures += 2
    const rate = {
      rateWei: acceptance.rate,
      chunkSeconds: acceptance.chunkSeconds,
      length: acceptance.length,
    }
    const wanted = 1 + draws.below(chunkCountOf(rate))
    const node = actorOf(`node ${this.#bids - 1}`)
    let source = openContentSource(rate)
    let watcher = openContentWatcher(rate)
    const pay = () => {
      const draft = { channel, balance: watcher.owedWei }
      const proof = signBalanceProof(crypto, channelsDomain, draft, node.secret)
      this.#lastProofs.set(channel, proof.balance)
      figures.signatures++
      return proof
    }
    const watch = (chunk: number): void => {
      if (publisher.cheats) {
        figures.channelsWithoutService++
        figures.lostToPublishersWei += watcher.owedWei
        ledger.closeChannel(channel, undefined)
        return
      }
      if (chunk === wanted) {
        const last = pay()
        publisher.earnedWei += last.balance
        ledger.closeChannel(channel, last)
        return
      }
      source = orThrow(takeWant(source, chunk, chunk === 0 ? undefined : pay().balance))
      watcher = takeChunk(watcher, chunk)
      queue.plan(queue.nowMs + 1000 * rate.chunkSeconds, () => watch(chunk + 1))
    }
    watch(0)
  }
}
