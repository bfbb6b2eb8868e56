import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import type { AttentionSource } from '#market/attention-source.ts'
import type { BiddingPolicy, PastBid } from '#market/bidding.ts'
import { type CampaignBook, openCampaignBook } from '#market/campaign-book.ts'
import type { PricingPolicy } from '#market/pricing.ts'
import { anyRecord } from '#market/viewer-profile.ts'
import type { AttentionBid } from '#protocol/attention-bid.ts'
import { type CampaignPlan, campaignUnitWei } from '#protocol/campaign.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { hashFromBytes, keccak256 } from '#protocol/hash.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageBodies,
  type MessageType,
} from '#protocol/message.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Address, Cid, FormatName, Hash, Hex, PublicKey, VideoId } from '#std/brand.ts'
import { bytesFromUtf8 } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import type { Draws } from './draws.ts'
import type { Ledger } from './ledger.ts'

export const cmaf = 'cmaf' as FormatName
export const noOne = '0x0000000000000000000000000000000000000000' as Address

/** A key that follows from a name. */
export const actorOf = (name: string) => {
  const secret = keccak256(bytesFromUtf8(name))
  return { secret, ...identityOf(crypto, secret) }
}
export type Actor = ReturnType<typeof actorOf>

export type Film = {
  readonly id: VideoId
  readonly address: Cid
  readonly length: number
  readonly chunkSeconds: number
}
export const filmOf = (name: string, length: number, chunkSeconds: number): Film => {
  const digest = keccak256(bytesFromUtf8(name))
  return {
    id: hashFromBytes(digest) as Hash as VideoId,
    address: cidFromDigest('dag-pb', digest),
    length,
    chunkSeconds,
  }
}
/** What stands for the bytes of a chunk. */
export const chunkBytes = ({ id }: Film, chunk: number): Uint8Array => bytesFromUtf8(`${id}/${chunk}`)

/** A body as its receiver reads it: written as a message, and parsed from its bytes. */
export const carry = <T extends MessageType>(
  type: T,
  body: MessageBodies[T],
  to: PublicKey,
): MessageBodies[T] => {
  const message = {
    v: 1,
    type,
    id: messageId,
    to,
    replyTo: to,
    at: 0,
    expires: 1,
    body,
  } as unknown as Message
  const read = orThrow(decodeMessage(encodeMessage(message)))
  if (!('body' in read) || read.type !== type) throw new Error(`not a message of type ${type}`)
  return read.body as MessageBodies[T]
}
const messageId = `0x${'00'.repeat(16)}` as Hex

export const biddingKinds = ['flat', 'gain', 'flat, paced', 'gain, paced'] as const
export type BiddingKind = (typeof biddingKinds)[number]

/** One viewing at the advertiser's side. */
export type Viewing = {
  readonly bid: AttentionBid
  readonly viewer: PublicKey
  readonly payee: Address
  readonly units: number
  leaf: number
  siblings: readonly Hash[]
  source: AttentionSource
}

export type Advertiser = {
  readonly kind: BiddingKind
  readonly wallet: Actor
  readonly signer: Actor
  readonly film: Film
  readonly plan: CampaignPlan
  readonly campaign: Hash
  readonly policy: BiddingPolicy
  /** Stops paying after the first chunk. */
  readonly cheats: boolean
  readonly hadOf: Map<Address, number>
  readonly viewings: Map<number, Viewing>
  readonly spentByDay: number[]
  book: CampaignBook
  past: PastBid[]
  waiting: { readonly viewing: Viewing; readonly tell: () => void }[]
  batches: number
  valueWei: bigint
  lostWei: bigint
}

export const createAdvertiser = (
  n: number,
  draws: Draws,
  ledger: Ledger,
  startSeconds: number,
  days: number,
  viewersEach: number,
): Advertiser => {
  const kind = biddingKinds[n % biddingKinds.length] ?? 'flat'
  const wallet = actorOf(`advertiser ${n}`)
  const signer = actorOf(`campaign signer ${n}`)
  const film = filmOf(`advertisement ${n}`, 20 + 5 * draws.below(5), 5)
  const rateUnits = draws.around(50n, 0.4) + 1n
  const deposit =
    Number(rateUnits) * film.length * Math.max(2, Math.round(3 * viewersEach * (0.5 + draws.part())))
  ledger.mint(wallet.address, BigInt(deposit) * campaignUnitWei)
  const plan: CampaignPlan = {
    advertiser: wallet.address,
    signer: signer.address,
    video: film.id,
    deposit,
    maxPerViewer: 3 * Number(rateUnits) * film.length,
    end: startSeconds + days * 86_400,
    depth: 6,
    affiliate: noOne,
    affiliateBps: 0,
    salt: hashFromBytes(keccak256(bytesFromUtf8(`campaign ${n}`))),
  }
  const maxRateWei = rateUnits * campaignUnitWei
  return {
    kind,
    wallet,
    signer,
    film,
    plan,
    campaign: ledger.createCampaign(plan),
    policy: {
      maxRateWei,
      rule: kind.startsWith('gain') ? 'gain' : 'flat',
      valueWei: (maxRateWei * 3n) / 2n,
      isPaced: kind.endsWith('paced'),
      wanted: anyRecord,
      critic: 100,
    },
    cheats: draws.part() < 0.01,
    hadOf: new Map(),
    viewings: new Map(),
    spentByDay: [],
    book: openCampaignBook(plan.deposit, plan.maxPerViewer),
    past: [],
    waiting: [],
    batches: 0,
    valueWei: 0n,
    lostWei: 0n,
  }
}

export type Publisher = {
  readonly wallet: Actor
  readonly film: Film
  readonly policy: PricingPolicy
  /** Accepts and does not serve. */
  readonly cheats: boolean
  readonly past: bigint[]
  readonly countered: Map<Address, number>
  bids: number
  accepted: number
  earnedWei: bigint
}

export const createPublisher = (n: number, draws: Draws): Publisher => ({
  wallet: actorOf(`publisher ${n}`),
  film: filmOf(`film ${n}`, 300, 10),
  policy: {
    floorWei: (draws.around(4n, 0.3) + 1n) * campaignUnitWei,
    rule: n % 2 === 0 ? 'flat' : 'revenue',
    counters: 1,
    records: [],
  },
  cheats: draws.part() < 0.01,
  past: [],
  countered: new Map(),
  bids: 0,
  accepted: 0,
  earnedWei: 0n,
})

export type Viewer = {
  readonly wallet: Actor
  readonly minimumWei: bigint
  readonly mostWei: bigint
  /** Answers without having the bytes. */
  readonly cheats: boolean
  readonly failed: Map<Address, number>
}

export const createViewer = (n: number, draws: Draws): Viewer => ({
  wallet: actorOf(`viewer ${n}`),
  minimumWei: draws.around(25n, 0.6) * campaignUnitWei,
  mostWei: (draws.around(12n, 0.7) + 1n) * campaignUnitWei,
  cheats: draws.part() < 0.02,
  failed: new Map(),
})
