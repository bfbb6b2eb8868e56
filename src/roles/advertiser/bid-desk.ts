import { decideBid } from '#market/bidding.ts'
import { commitUnits, leftFor } from '#market/campaign-book.ts'
import { unknownViewer, type ViewerProfile } from '#market/viewer-profile.ts'
import type { Letter } from '#network/mailbox.ts'
import { verifyAcceptance } from '#protocol/acceptance.ts'
import type { Ask } from '#protocol/ask.ts'
import {
  type AttentionAcceptance,
  type AttentionBid,
  acceptanceOfAttention,
  hashAttentionBid,
  maxAttentionBids,
  signAttentionBid,
} from '#protocol/attention-bid.ts'
import { unitsAbove } from '#protocol/campaign.ts'
import { addressOf } from '#protocol/signature.ts'
import type { TypedDomain } from '#protocol/typed-data.ts'
import type { Hash, PublicKey } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Turns } from '#std/turns.ts'
import { acceptChanges, bidChange, findBid, forgetBid, listBids, type StoredBid } from './bid-records.ts'
import {
  countChange,
  findCampaign,
  isStopped,
  listCampaigns,
  payeeChange,
  type StoredCampaign,
  unitsOfPayee,
} from './campaign-records.ts'
import { countOf } from './opening.ts'
import type { AdvertiserPorts } from './ports.ts'

/** Bids that are remembered for learning. */
const mostPast = 200
/** A campaign that ends sooner cannot be counted on to allot and play. */
const lastBidSeconds = 60

/** Answers asks with bids, and takes acceptances. */
export class BidDesk {
  readonly #ports: AdvertiserPorts
  readonly #campaigns: TypedDomain
  readonly #turns: Turns

  constructor(ports: AdvertiserPorts, campaigns: TypedDomain, turns: Turns) {
    this.#ports = ports
    this.#campaigns = campaigns
    this.#turns = turns
  }

  /** Bids for a viewer's time by each campaign that wants it; no bid is answered by silence. */
  async ask({ sender, message, reply }: Letter, ask: Ask, signal: AbortSignal): Promise<void> {
    const { crypto, profileOf, records } = this.#ports
    if (ask.account !== null && addressOf(crypto, sender) !== ask.account)
      throw new ParatiiError('signature-invalid', { field: 'account' })
    const profile = ask.account === null ? unknownViewer : await profileOf(ask.account, signal)
    const viewer = message.replyTo
    const bids: StoredBid[] = []
    for (const campaign of await listCampaigns(records)) {
      const bid = await this.#bidFor(campaign, ask, profile, viewer)
      if (bid !== undefined) bids.push(bid)
    }
    const best = bids.sort((a, b) => (a.bid.bid > b.bid.bid ? -1 : 1)).slice(0, maxAttentionBids)
    if (best.length === 0) return
    // Remembered before they are sent: an acceptance is of a bid that is known.
    await records.write(best.map(bidChange))
    await reply('attention-bids', { bids: best.map(({ bid }) => bid) }, signal)
  }

  /**
   * Checks an acceptance and commits its part of the budget; that is what resolving acknowledges. The same one again
   * changes nothing.
   */
  async accept(acceptance: AttentionAcceptance): Promise<StoredBid> {
    const { clock, crypto, records } = this.#ports
    const { hash, payee } = acceptance
    const known = await findBid(records, hash)
    if (known === undefined || known.bid.bid !== acceptance.bid) throw new ParatiiError('bid-unknown')
    const yes = acceptanceOfAttention(known.bid, hash, payee, acceptance.validUntil)
    orThrow(verifyAcceptance(crypto, this.#campaigns, yes, acceptance.signature))
    if (Math.min(acceptance.validUntil, known.bid.validUntil) * 1000 <= clock.nowMs())
      throw new ParatiiError('bid-expired')
    if (known.account !== null && known.account !== payee) throw new ParatiiError('viewer-not-wanted')
    const { campaign } = known.bid
    return this.#turns.take(campaign, async () => {
      const bid = await findBid(records, hash)
      if (bid === undefined) throw new ParatiiError('bid-unknown')
      if (bid.accepted !== null) {
        if (bid.accepted.payee !== payee) throw new ParatiiError('bid-used')
        return bid
      }
      const stored = await findCampaign(records, campaign)
      if (stored === undefined) throw new ParatiiError('campaign-unknown')
      const count = await countOf(this.#ports, stored)
      const units = unitsOf(bid.bid)
      const had = await unitsOfPayee(records, campaign, payee)
      const book = orThrow(commitUnits(count.book, had, units))
      const accepted = { ...bid, accepted: { payee, units } }
      const past = [...count.past, { rateWei: bid.bid.bid, won: true }].slice(-mostPast)
      await records.write([
        countChange(campaign, { ...count, book, past }),
        payeeChange(campaign, payee, had + units),
        ...acceptChanges(accepted),
      ])
      return accepted
    })
  }

  /** Forgets bids that are void and were not accepted, and learns that they lost. */
  async forgetVoid(): Promise<void> {
    const { clock, records } = this.#ports
    const lost = (await listBids(records)).filter(({ bid }) => bid.validUntil * 1000 <= clock.nowMs())
    for (const stored of await listCampaigns(records)) {
      const mine = lost.filter(({ bid }) => bid.campaign === stored.campaign)
      if (mine.length === 0) continue
      await this.#turns.take(stored.campaign, async () => {
        const count = await countOf(this.#ports, stored)
        const ended = mine.map(({ bid }) => ({ rateWei: bid.bid, won: false }))
        const past = [...count.past, ...ended].slice(-mostPast)
        await records.write([
          countChange(stored.campaign, { ...count, past }),
          ...mine.map(({ hash }) => forgetBid(hash)),
        ])
      })
    }
  }

  async #bidFor(
    stored: StoredCampaign,
    ask: Ask,
    profile: ViewerProfile,
    viewer: PublicKey,
  ): Promise<StoredBid | undefined> {
    const { clock, config, crypto, nodeKey, random, records } = this.#ports
    const { campaign, plan } = stored
    const nowSeconds = Math.floor(clock.nowMs() / 1000)
    if (!fits(stored, ask) || nowSeconds + lastBidSeconds > plan.end) return undefined
    if (await isStopped(records, campaign)) return undefined
    const { book, past } = await countOf(this.#ports, stored)
    const rate = decideBid(stored.policy, {
      minimumWei: minimumFor(ask, plan.affiliateBps),
      profile,
      past,
      budget: {
        depositUnits: book.depositUnits,
        committedUnits: book.committedUnits,
        startedAt: stored.startedAt,
        endsAt: plan.end,
      },
      nowSeconds,
    })
    if (rate === undefined) return undefined
    const draft = {
      campaign,
      id: plan.video,
      format: stored.format,
      address: stored.address,
      bid: rate,
      chunksize: stored.chunkSeconds,
      length: stored.length,
      payer: plan.advertiser,
      signer: plan.signer,
      presence: stored.presence,
      affiliateBps: plan.affiliateBps,
      validUntil: nowSeconds + config.bidSeconds,
      salt: hexFromBytes(random.bytes(32)) as Hash,
    }
    const bid = signAttentionBid(crypto, draft, viewer, nodeKey)
    const units = unitsOf(bid)
    const had = ask.account === null ? 0 : await unitsOfPayee(records, campaign, ask.account)
    if (units > leftFor(book, had)) return undefined
    return { hash: hashAttentionBid(draft, viewer), bid, viewer, account: ask.account, accepted: null }
  }
}

/** Units that a whole viewing may cost: what is allotted. */
export const unitsOf = ({ bid, length }: Pick<AttentionBid, 'bid' | 'length'>): number =>
  unitsAbove(bid * BigInt(length))

const fits = ({ format, length, languages, topics }: StoredCampaign, ask: Ask): boolean =>
  ask.formats.includes(format) &&
  length <= ask.longest &&
  (languages.length === 0 || ask.languages.some(tag => languages.includes(tag.split('-')[0] ?? tag))) &&
  (ask.topics.length === 0 || ask.topics.some(topic => topics.includes(topic)))

/** The rate of which the viewer still has its minimum when the site has had its part. */
const minimumFor = ({ minimum }: Ask, affiliateBps: number): bigint => {
  if (minimum <= 0n || affiliateBps === 0) return minimum
  const kept = BigInt(10_000 - affiliateBps)
  return kept === 0n ? 1n << 100n : (minimum * 10_000n + kept - 1n) / kept
}
