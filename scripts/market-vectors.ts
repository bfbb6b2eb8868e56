import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import {
  type Acceptance,
  depositOf,
  digestAcceptance,
  digestOpening,
  laneOfAcceptance,
  signAcceptance,
} from '#protocol/acceptance.ts'
import {
  type AttentionBidDraft,
  acceptanceOfAttention,
  hashAttentionBid,
  signAttentionBid,
} from '#protocol/attention-bid.ts'
import { channelIdOf, signBalanceProof } from '#protocol/balance-proof.ts'
import { type BidDraft, hashBid, signBid } from '#protocol/bid.ts'
import { buildCampaignBatch, type CampaignPlan, campaignIdOf, signCampaignProof } from '#protocol/campaign.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { sha256 } from '#protocol/hash.ts'
import type { MessageBodies, MessageType } from '#protocol/message.ts'
import { signCompact } from '#protocol/signature.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { signVote, type Vote } from '#protocol/vote.ts'
import { answerHash, signAnswer, signWatcherInit } from '#protocol/watch.ts'
import type { Address, FormatName, VideoId } from '#std/brand.ts'
import { bytesFromUtf8, hexFromBytes } from '#std/bytes.ts'
import { hashOf, party, secretOf } from './vector-party.ts'

const chainId = 31337
const contractOf = (name: string) =>
  paratiiDomain(chainId, hexFromBytes(secretOf(name).subarray(12)) as Address)
const channels = contractOf('payment channels')
const campaigns = contractOf('campaigns')
const users = contractOf('user registry')
const token = hexFromBytes(secretOf('token').subarray(12)) as Address

const viewer = party('viewer')
const viewerNode = party('viewer node')
const owner = party('owner')
const advertiser = party('advertiser')
const signer = party('campaign signer')
const askKey = party('ask')
const cmaf = 'cmaf' as FormatName
const id = hashOf('market video') as VideoId
const address = cidFromDigest('dag-pb', sha256(bytesFromUtf8('directory')))
const noOne = '0x0000000000000000000000000000000000000000' as Address
const rate = 250_000_000_000_000n
const validUntil = 1_800_000_600

const bidDraft: BidDraft = {
  id,
  format: cmaf,
  bid: rate,
  payer: viewer.address,
  signer: viewerNode.address,
  validUntil,
  salt: hashOf('bid salt'),
}
const bid = signBid(crypto, bidDraft, owner.publicKey, viewer.secret)
const bidHash = hashBid(bidDraft, owner.publicKey)
const accepted: Acceptance = {
  bid: bidHash,
  payer: viewer.address,
  payee: owner.address,
  signer: viewerNode.address,
  video: id,
  format: cmaf,
  address,
  rate,
  chunkSeconds: 4,
  length: 60,
  validUntil,
}
const channel = channelIdOf({
  payer: viewer.address,
  payee: owner.address,
  signer: viewerNode.address,
  lane: laneOfAcceptance(channels, accepted),
})
const balanceProof = signBalanceProof(crypto, channels, { channel, balance: 4n * rate }, viewerNode.secret)
const openingDigest = digestOpening(channels, token, accepted, validUntil)
const opening = {
  hash: bidHash,
  validBefore: validUntil,
  signature: signCompact(crypto, openingDigest, viewer.secret),
}

const plan: CampaignPlan = {
  advertiser: advertiser.address,
  signer: signer.address,
  video: id,
  deposit: 5_000_000,
  maxPerViewer: 60_000,
  end: 1_800_086_400,
  depth: 2,
  affiliate: noOne,
  affiliateBps: 0,
  salt: hashOf('campaign salt'),
}
const campaign = campaignIdOf(campaigns, plan)
const attentionDraft: AttentionBidDraft = {
  campaign,
  id,
  format: cmaf,
  address,
  bid: rate,
  chunksize: 4,
  length: 60,
  payer: advertiser.address,
  signer: signer.address,
  presence: { visible: 90, challenge: 5 },
  affiliateBps: 0,
  validUntil,
  salt: hashOf('attention salt'),
}
const attentionBid = signAttentionBid(crypto, attentionDraft, askKey.publicKey, signer.secret)
const attentionHash = hashAttentionBid(attentionDraft, askKey.publicKey)
const attentionAccepted = acceptanceOfAttention(attentionDraft, attentionHash, viewer.address, validUntil)
const attentionYes = {
  hash: attentionHash,
  bid: rate,
  payee: viewer.address,
  validUntil,
  signature: signAcceptance(crypto, campaigns, attentionAccepted, viewer.secret),
}
const allotted = [askKey, party('ask 2'), party('ask 3')].map((key, i) => ({
  viewer: key.address,
  payout: viewer.address,
  cap: 15_000 + i,
}))
const batch = buildCampaignBatch(allotted, 3, plan.depth)
if (!batch.ok) throw new Error(batch.error.code)
const place = batch.value.places[0]
if (place === undefined) throw new Error('no place')
const campaignProof = signCampaignProof(
  crypto,
  campaigns,
  { campaign, leaf: place.leaf, balance: 4n * rate },
  signer.secret,
)

const voteDraft: Omit<Vote, 'signature'> = {
  user: viewer.address,
  video: id,
  choice: 'up',
  sequence: 1_800_000_000_000,
  deadline: 1_800_086_400,
}
const vote = signVote(crypto, users, voteDraft, viewer.secret)

const greeting = { key: signer.publicKey, nonce: hashOf('greeting') }
const init = { escrow: campaign, leaf: place.leaf }
const chunk = bytesFromUtf8('the bytes of a chunk')
const answerContext = { escrow: campaign, leaf: place.leaf, to: signer.publicKey }
const answerDraft = {
  chunk: 0,
  hash: answerHash(hashOf('chunk nonce'), chunk),
  visibleMs: 4000,
  code: 'K7Q2',
}

/** Bodies of the market's messages, for the vectors of messages. */
export const marketBodies: readonly {
  readonly [T in MessageType]: { readonly type: T; readonly name: string; readonly body: MessageBodies[T] }
}[MessageType][] = [
  { type: 'bid', name: 'bid', body: bid },
  {
    type: 'bid-answer',
    name: 'bid accepted',
    body: {
      hash: bidHash,
      bid: rate,
      address,
      payee: owner.address,
      chunksize: accepted.chunkSeconds,
      length: accepted.length,
      validUntil,
      signature: signAcceptance(crypto, channels, accepted, owner.secret),
    },
  },
  { type: 'bid-answer', name: 'bid countered', body: { hash: bidHash, counter: 2n * rate, left: 2 } },
  { type: 'bid-answer', name: 'bid refused', body: { hash: bidHash, code: 'bid-too-low' } },
  { type: 'open', name: 'open', body: opening },
  { type: 'opened', name: 'opened', body: { channel } },
  { type: 'opened', name: 'open refused', body: { hash: bidHash, code: 'balance-too-low' } },
  { type: 'channel-close', name: 'channel close', body: balanceProof },
  {
    type: 'ask',
    name: 'ask',
    body: {
      minimum: 100_000_000_000_000n,
      languages: ['pt-BR', 'en'],
      topics: ['music'],
      formats: [cmaf],
      longest: 120,
      account: viewer.address,
    },
  },
  {
    type: 'ask',
    name: 'ask of one who would pay',
    body: { minimum: -rate, languages: [], topics: [], formats: [cmaf], longest: 7200, account: null },
  },
  { type: 'attention-bids', name: 'attention bids', body: { bids: [attentionBid] } },
  { type: 'acceptance', name: 'acceptance', body: attentionYes },
  {
    type: 'allotted',
    name: 'allotted',
    body: { hash: attentionHash, ...place, cap: 15_000 },
  },
  { type: 'allotted', name: 'not allotted', body: { hash: attentionHash, code: 'campaign-exhausted' } },
  { type: 'vote', name: 'vote', body: vote },
]

/** What is signed and hashed on the way. */
export const marketVectors = {
  chainId,
  channels: channels.verifyingContract,
  campaigns: campaigns.verifyingContract,
  users: users.verifyingContract,
  token,
  secrets: {
    viewer: viewer.secret,
    viewerNode: viewerNode.secret,
    owner: owner.secret,
    signer: signer.secret,
    ask: askKey.secret,
  },
  bid: { to: owner.publicKey, hash: bidHash, ...bid },
  acceptance: {
    ...accepted,
    digest: digestAcceptance(channels, accepted),
    lane: laneOfAcceptance(channels, accepted),
    channel,
    deposit: depositOf(accepted),
    opening: openingDigest,
  },
  balanceProof,
  plan,
  campaign,
  attentionBid: { to: askKey.publicKey, hash: attentionHash, ...attentionBid },
  attentionAcceptance: { ...attentionYes, digest: digestAcceptance(campaigns, attentionAccepted) },
  batch: { number: 3, viewers: allotted, ...batch.value },
  campaignProof,
  vote,
  watch: {
    greeting,
    init: signWatcherInit(crypto, greeting, init, askKey.secret),
    nonce: hashOf('chunk nonce'),
    bytes: chunk,
    answer: signAnswer(crypto, answerContext, answerDraft, askKey.secret),
  },
}
