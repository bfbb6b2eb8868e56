import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import {
  openAttentionSource,
  sendAttention,
  takeAttentionWant,
  unansweredWei,
} from '#market/attention-source.ts'
import { type AttentionWatcher, openAttentionWatcher, takePromisedChunk } from '#market/attention-watcher.ts'
import { rankBids, type StandingBid } from '#market/auction.ts'
import { decideBid } from '#market/bidding.ts'
import { commitUnits, leftFor } from '#market/campaign-book.ts'
import { chunkPriceWei, chunkSecondsOf } from '#market/chunk-price.ts'
import { unknownViewer } from '#market/viewer-profile.ts'
import { signAcceptance, verifyAcceptance } from '#protocol/acceptance.ts'
import {
  type AttentionBid,
  acceptanceOfAttention,
  hashAttentionBid,
  signAttentionBid,
  verifyAttentionBid,
} from '#protocol/attention-bid.ts'
import {
  batchRootOf,
  buildCampaignBatch,
  campaignUnitWei,
  signCampaignProof,
  unitsAbove,
  verifyCampaignProof,
} from '#protocol/campaign.ts'
import { addressOf } from '#protocol/signature.ts'
import { answerHash, type ChunkAnswer, recoverAnswer, signAnswer } from '#protocol/watch.ts'
import type { Hash } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Draws } from './draws.ts'
import type { Figures } from './figures.ts'
import { campaignsDomain, type Ledger } from './ledger.ts'
import {
  type Actor,
  type Advertiser,
  actorOf,
  carry,
  chunkBytes,
  cmaf,
  type Viewer,
  type Viewing,
} from './people.ts'
import type { Queue } from './queue.ts'

type World = {
  readonly draws: Draws
  readonly ledger: Ledger
  readonly queue: Queue
  readonly figures: Figures
  readonly advertisers: readonly Advertiser[]
  readonly startMs: number
}

type Heard = StandingBid & { readonly bid: AttentionBid; readonly advertiser: Advertiser }

const askedAtOnce = 6
const batchMs = 2_000
const bidSeconds = 120
const mostPast = 200
const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** The side of the market where viewers are paid. */
export class Earning {
  readonly #world: World
  #sessions = 0

  constructor(world: World) {
    this.#world = world
  }

  /** A viewer asks some advertisers, takes the best bid, and watches. */
  ask(viewer: Viewer): void {
    const { advertisers, draws, figures, queue, startMs } = this.#world
    const hour = Math.floor((queue.nowMs - startMs) / hourMs)
    figures.asksByHour[hour] = (figures.asksByHour[hour] ?? 0) + 1
    const session = actorOf(`ask ${this.#sessions++}`)
    const asked = new Set(
      Array.from({ length: Math.min(askedAtOnce, advertisers.length) }, () => draws.pick(advertisers)),
    )
    const heard = [...asked].flatMap(advertiser => this.#bidOf(advertiser, viewer, session) ?? [])
    const [best] = rankBids(heard, viewer.minimumWei, queue.nowMs, viewer.failed)
    const chosen = heard.find(({ hash }) => hash === best?.hash)
    for (const { advertiser, rateWei } of heard)
      if (advertiser !== chosen?.advertiser) this.#learn(advertiser, rateWei, false)
    if (chosen === undefined) return
    if (chosen.rateWei < viewer.minimumWei) throw new Error('a bid below the minimum was accepted')
    if (!this.#accept(viewer, session, chosen)) return
    figures.filledByHour[hour] = (figures.filledByHour[hour] ?? 0) + 1
  }

  /** Puts on the chain what was promised and is not paid. */
  settle(): void {
    const { advertisers, ledger, queue, startMs } = this.#world
    const day = Math.floor((queue.nowMs - startMs - 1) / dayMs)
    for (const advertiser of advertisers) {
      const { campaign, signer } = advertiser
      const held = ledger.campaigns.get(campaign)
      if (held === undefined) continue
      const before = held.paid
      const claims = [...advertiser.viewings.values()]
        .filter(({ source }) => source.promisedWei >= campaignUnitWei)
        .map(viewing => {
          const draft = { campaign, leaf: viewing.leaf, balance: viewing.source.promisedWei }
          return {
            allotment: this.#allotment(viewing),
            siblings: viewing.siblings,
            proof: signCampaignProof(crypto, campaignsDomain, draft, signer.secret),
          }
        })
      ledger.settleCampaign(campaign, claims)
      if (held.paid > held.plan.deposit) throw new Error('a budget was passed')
      advertiser.spentByDay[day] = (advertiser.spentByDay[day] ?? 0) + held.paid - before
      for (const [leaf, { source }] of advertiser.viewings) {
        if (source.ended === undefined) continue
        const lostWei = unansweredWei(source)
        if (lostWei > chunkPriceWei(source.rate, 0))
          throw new Error('more than a chunk was lost to one viewer')
        advertiser.lostWei += lostWei
        advertiser.viewings.delete(leaf)
      }
    }
  }

  /** The rest of every campaign returns. */
  end(): void {
    for (const { campaign } of this.#world.advertisers) this.#world.ledger.reclaim(campaign)
  }

  #bidOf(advertiser: Advertiser, viewer: Viewer, session: Actor): Heard | undefined {
    const { draws, figures, queue } = this.#world
    const { book, campaign, film, hadOf, past, plan, policy, signer } = advertiser
    const ask = carry(
      'ask',
      {
        minimum: viewer.minimumWei,
        languages: [],
        topics: [],
        formats: [cmaf],
        longest: 60,
        account: viewer.wallet.address,
      },
      advertiser.wallet.publicKey,
    )
    const nowSeconds = Math.floor(queue.nowMs / 1000)
    if (nowSeconds + 120 > plan.end) return undefined
    const rate = decideBid(policy, {
      minimumWei: ask.minimum,
      profile: unknownViewer,
      past,
      budget: {
        depositUnits: book.depositUnits,
        committedUnits: book.committedUnits,
        startedAt: this.#world.startMs / 1000,
        endsAt: plan.end,
      },
      nowSeconds,
    })
    if (rate === undefined) return undefined
    const units = unitsAbove(rate * BigInt(film.length))
    if (units > leftFor(book, hadOf.get(viewer.wallet.address) ?? 0)) return undefined
    const draft = {
      campaign,
      id: film.id,
      format: cmaf,
      address: film.address,
      bid: rate,
      chunksize: film.chunkSeconds,
      length: film.length,
      payer: plan.advertiser,
      signer: plan.signer,
      presence: { visible: 90, challenge: 0 },
      affiliateBps: 0,
      validUntil: nowSeconds + bidSeconds,
      salt: `0x${draws
        .below(2 ** 31)
        .toString(16)
        .padStart(64, '0')}` as Hash,
    }
    const signed = signAttentionBid(crypto, draft, session.publicKey, signer.secret)
    const [bid] = carry('attention-bids', { bids: [signed] }, session.publicKey).bids
    if (bid === undefined) throw new Error('no bid arrived')
    const hash = orThrow(verifyAttentionBid(crypto, bid, session.publicKey, queue.nowMs))
    if (hash !== hashAttentionBid(draft, session.publicKey)) throw new Error('another bid arrived')
    figures.bidsMade++
    figures.signatures += 2
    return {
      hash,
      payer: bid.payer,
      rateWei: bid.bid,
      affiliateBps: 0,
      receivedAtMs: queue.nowMs,
      validUntil: bid.validUntil,
      bid,
      advertiser,
    }
  }

  #accept(viewer: Viewer, session: Actor, { advertiser, bid, hash }: Heard): boolean {
    const { figures, queue } = this.#world
    const payee = viewer.wallet.address
    const yes = acceptanceOfAttention(bid, hash, payee, bid.validUntil)
    const body = carry(
      'acceptance',
      {
        hash,
        bid: bid.bid,
        payee,
        validUntil: bid.validUntil,
        signature: signAcceptance(crypto, campaignsDomain, yes, viewer.wallet.secret),
      },
      advertiser.wallet.publicKey,
    )
    orThrow(verifyAcceptance(crypto, campaignsDomain, yes, body.signature))
    figures.signatures += 2
    const units = unitsAbove(bid.bid * BigInt(bid.length))
    const had = advertiser.hadOf.get(payee) ?? 0
    const book = commitUnits(advertiser.book, had, units)
    if (!book.ok) {
      figures.capsReached++
      return false
    }
    advertiser.book = book.value
    advertiser.hadOf.set(payee, had + units)
    this.#learn(advertiser, bid.bid, true)
    figures.accepted++
    const rate = { rateWei: bid.bid, chunkSeconds: bid.chunksize, length: bid.length }
    const viewing: Viewing = {
      bid,
      viewer: session.publicKey,
      payee,
      units,
      leaf: 0,
      siblings: [],
      source: openAttentionSource(rate, BigInt(units) * campaignUnitWei, bid.presence.visible),
    }
    const tell = () => this.#watch(viewer, session, advertiser, viewing, openAttentionWatcher(rate), null)
    advertiser.waiting.push({ viewing, tell })
    if (advertiser.waiting.length === 1) queue.plan(queue.nowMs + batchMs, () => this.#allot(advertiser))
    return true
  }

  #allot(advertiser: Advertiser): void {
    const { ledger, queue } = this.#world
    const { campaign, plan } = advertiser
    const taken = advertiser.waiting.splice(0, 2 ** plan.depth)
    if (advertiser.waiting.length > 0) queue.plan(queue.nowMs + batchMs, () => this.#allot(advertiser))
    const allotments = taken.map(({ viewing }) => this.#allotment(viewing))
    const batch = orThrow(buildCampaignBatch(allotments, advertiser.batches++, plan.depth))
    ledger.allot(campaign, batch.allotments)
    for (const [i, { viewing, tell }] of taken.entries()) {
      const place = batch.places[i]
      const allotment = allotments[i]
      if (place === undefined || allotment === undefined) throw new Error('no place')
      Object.assign(viewing, place)
      advertiser.viewings.set(viewing.leaf, viewing)
      // The viewer believes the chain alone.
      const root = ledger.campaigns.get(campaign)?.batches[Math.floor(viewing.leaf / 2 ** plan.depth)]
      if (batchRootOf(allotment, viewing.leaf, viewing.siblings) !== root) throw new Error('no proven place')
      tell()
    }
  }

  /** One want, and what follows from it, until the viewing ends. */
  #watch(
    viewer: Viewer,
    session: Actor,
    advertiser: Advertiser,
    viewing: Viewing,
    watcher: AttentionWatcher,
    answer: ChunkAnswer | null,
  ): void {
    const { figures, queue } = this.#world
    const { campaign, film, policy, signer } = advertiser
    const context = { escrow: campaign, leaf: viewing.leaf, to: signer.publicKey }
    if (answer !== null && recoverAnswer(crypto, context, answer) !== viewing.viewer)
      throw new Error('an answer of another')
    const chunk = watcher.next
    const before = viewing.source.answered
    const { state, send } = orThrow(
      takeAttentionWant(viewing.source, { chunk, answer: answer ?? undefined }, queue.nowMs),
    )
    viewing.source = state
    if (state.answered > before)
      advertiser.valueWei += policy.valueWei * BigInt(chunkSecondsOf(watcher.rate, chunk - 1))
    if (state.ended === 'done') figures.finished++
    if (state.ended === 'answer-wrong') figures.wrongAnswers++
    if (send === undefined) return
    if (advertiser.cheats && chunk > 0) {
      // It sends the chunk and keeps the money: the viewer does not play it.
      if (takePromisedChunk(watcher, chunk, watcher.promisedWei).ok)
        throw new Error('an unpaid chunk was played')
      figures.unpaidChunks++
      viewer.failed.set(viewing.bid.payer, (viewer.failed.get(viewing.bid.payer) ?? 0) + 1)
      viewing.source = { ...state, ended: 'done' }
      return
    }
    const bytes = chunkBytes(film, chunk)
    const nonce = `0x${(chunk + 1).toString(16).padStart(64, '0')}` as Hash
    const hash = answerHash(nonce, bytes)
    viewing.source = sendAttention(state, { chunk, atMs: queue.nowMs, hash, code: '' })
    const promise = { campaign, leaf: viewing.leaf, balance: viewing.source.promisedWei }
    const proof = signCampaignProof(crypto, campaignsDomain, promise, signer.secret)
    orThrow(verifyCampaignProof(crypto, campaignsDomain, proof, viewing.bid.signer))
    const next = orThrow(takePromisedChunk(watcher, chunk, proof.balance))
    const seconds = chunkSecondsOf(watcher.rate, chunk)
    const said = {
      chunk,
      hash: viewer.cheats ? viewing.bid.salt : hash,
      visibleMs: 1000 * seconds,
      code: '',
    }
    const signed = signAnswer(crypto, context, said, session.secret)
    figures.signatures += 4
    queue.plan(queue.nowMs + 1000 * seconds, () =>
      this.#watch(viewer, session, advertiser, viewing, next, signed),
    )
  }

  #allotment({ payee, units, viewer }: Viewing) {
    const address = addressOf(crypto, viewer)
    if (address === undefined) throw new Error('not a key')
    return { viewer: address, payout: payee, cap: units }
  }

  #learn(advertiser: Advertiser, rateWei: bigint, won: boolean): void {
    advertiser.past = [...advertiser.past.slice(1 - mostPast), { rateWei, won }]
  }
}
