import type { CampaignState, MarketReader } from '#chain/market-reader.ts'
import type { StandingBid } from '#market/auction.ts'
import type { Mailbox } from '#network/mailbox.ts'
import type { Ask } from '#protocol/ask.ts'
import { type AttentionBid, verifyAttentionBid } from '#protocol/attention-bid.ts'
import { unitsAbove } from '#protocol/campaign.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Address, PublicKey } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { ViewerPorts } from './ports.ts'

/** What earning runs on. */
export type EarnerPorts = Pick<
  ViewerPorts,
  'chainId' | 'clock' | 'crypto' | 'node' | 'random' | 'reader' | 'records'
> & {
  readonly market: MarketReader
  readonly mailbox: Mailbox
}

/** An advertiser and where it is reached. */
export type Bidder = {
  readonly advertiser: Address
  readonly mailbox: PublicKey
  readonly node: PublicKey
  readonly addresses: readonly string[]
}

/** A bid that was checked against its signature and the chain, and can be accepted. */
export type HeardBid = StandingBid & {
  readonly bid: AttentionBid
  readonly bidder: Bidder
  readonly campaign: CampaignState
  /** The publisher's words: never trusted, only shown. */
  readonly title: string
  /** Seconds of the video. */
  readonly length: number
}

/** Advertisers that have a campaign which has not ended, and say on the chain where they are. */
export const findBidders = async (
  { market, reader }: EarnerPorts,
  signal: AbortSignal,
): Promise<readonly Bidder[]> => {
  const [created, head] = await Promise.all([market.campaigns(undefined, signal), reader.head(signal)])
  const live = created.filter(({ end }) => end > head.timestampSeconds)
  const found = await Promise.all(
    [...new Set(live.map(({ advertiser }) => advertiser))].map(async advertiser => {
      const [mailbox, nodes] = await Promise.all([
        reader.mailboxKey(advertiser, signal),
        reader.nodes(advertiser, signal),
      ])
      const [node] = nodes
      return mailbox === undefined || node === undefined
        ? []
        : [{ advertiser, mailbox, node: node.key, addresses: node.addresses }]
    }),
  )
  return found.flat()
}

/** Where an account's nodes are, as the chain has it now. */
export const findAddresses = async (
  { reader }: Pick<EarnerPorts, 'reader'>,
  account: Address,
  signal: AbortSignal,
): Promise<readonly string[]> => (await reader.nodes(account, signal)).flatMap(({ addresses }) => addresses)

/** Who asks: the key that answers are for, and the one that signs the ask: the shown account's, or the same. */
export type Asker = { readonly viewerKey: Uint8Array; readonly signingKey: Uint8Array }

/**
 * Asks advertisers to bid, and gathers for `waitMs` what they answer. A bid that does not hold what it says, in its
 * signature, its campaign or its video, is left out; so is an advertiser that cannot be reached.
 */
export const gatherBids = async (
  ports: EarnerPorts,
  ask: Ask,
  { viewerKey, signingKey }: Asker,
  bidders: readonly Bidder[],
  waitMs: number,
  signal: AbortSignal,
): Promise<readonly HeardBid[]> => {
  const { clock, crypto, mailbox } = ports
  const { publicKey: viewer } = identityOf(crypto, viewerKey)
  const heard: HeardBid[] = []
  const close = mailbox.open(viewerKey, async ({ sender, message }, letterSignal) => {
    const bidder = bidders.find(one => one.mailbox === sender)
    if (message.type !== 'attention-bids' || bidder === undefined) throw new ParatiiError('unsupported')
    for (const bid of message.body.bids) {
      try {
        heard.push(await checkBid(ports, bid, bidder, viewer, ask, letterSignal))
      } catch (thrown) {
        const { retryable, code } = errorFrom(thrown)
        if (retryable || code === 'fault') throw thrown
      }
    }
  })
  try {
    await Promise.all(
      bidders.map(async bidder => {
        const envelope = mailbox.seal(
          signingKey,
          bidder.mailbox,
          { type: 'ask', body: ask },
          { lifeMs: 60_000, replyTo: viewer },
        )
        await mailbox.deliver(bidder, envelope, signal).catch(() => {
          signal.throwIfAborted()
        })
      }),
    )
    await clock.sleep(waitMs, signal)
  } finally {
    close()
  }
  return heard
}

const checkBid = async (
  { clock, crypto, market, reader }: EarnerPorts,
  bid: AttentionBid,
  bidder: Bidder,
  viewer: PublicKey,
  ask: Ask,
  signal: AbortSignal,
): Promise<HeardBid> => {
  const nowMs = clock.nowMs()
  const hash = orThrow(verifyAttentionBid(crypto, bid, viewer, nowMs))
  if (bid.payer !== bidder.advertiser || !ask.formats.includes(bid.format) || bid.length > ask.longest)
    throw new ParatiiError('order-mismatch')
  const [campaign, video, head] = await Promise.all([
    market.campaign(bid.campaign, signal),
    reader.video(bid.id, signal),
    reader.head(signal),
  ])
  const units = unitsAbove(bid.bid * BigInt(bid.length))
  const { document } = video
  if (
    campaign === undefined ||
    campaign.advertiser !== bid.payer ||
    campaign.signer !== bid.signer ||
    campaign.affiliateBps !== bid.affiliateBps ||
    campaign.end <= head.timestampSeconds + bid.length ||
    campaign.deposit - campaign.allotted < units ||
    campaign.maxPerViewer < units
  )
    throw new ParatiiError('campaign-exhausted')
  if (
    document.formats[bid.format]?.hash !== bid.address ||
    document.duration !== bid.length ||
    document.chunksize !== bid.chunksize
  )
    throw new ParatiiError('terms-changed')
  return {
    hash,
    payer: bid.payer,
    rateWei: bid.bid,
    affiliateBps: bid.affiliateBps,
    receivedAtMs: nowMs,
    validUntil: bid.validUntil,
    bid,
    bidder,
    campaign,
    title: document.title,
    length: bid.length,
  }
}
