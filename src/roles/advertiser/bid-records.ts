import * as v from 'valibot'
import type { AttentionSource } from '#market/attention-source.ts'
import type { AttentionBid } from '#protocol/attention-bid.ts'
import { attentionBidsSchema } from '#protocol/attention-bid.ts'
import {
  addressField,
  hashField,
  parseFields,
  publicKeyField,
  type Schema,
  signedRateField,
  uint8Field,
  uint32Field,
  uint40Field,
  uint53Field,
} from '#protocol/fields.ts'
import { canonicalText, type Json } from '#protocol/json.ts'
import type { Address, Hash, PublicKey } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { RecordChange, Records } from '#std/ports/records.ts'

/** A bid that was made, until it is void. */
export type StoredBid = {
  readonly hash: Hash
  readonly bid: AttentionBid
  /** The viewer key that it was made for. */
  readonly viewer: PublicKey
  /** The account that the viewer showed; only that one may then be paid. */
  readonly account: Address | null
  /** Once it was accepted. */
  readonly accepted: { readonly payee: Address; readonly units: number } | null
}

/** A viewer's place in a batch on the chain, and how its viewing stands. */
export type StoredLeaf = {
  readonly campaign: Hash
  readonly leaf: number
  readonly hash: Hash
  readonly viewer: PublicKey
  readonly payee: Address
  readonly units: number
  readonly siblings: readonly Hash[]
  readonly source: AttentionSource
  /** What the last chunk was sent with. */
  readonly nonce: Hash | null
}

/** A batch that is being put on the chain. */
export type StoredBatch = { readonly campaign: Hash; readonly index: number; readonly bids: readonly Hash[] }

const bids = 'advertiser-bids'
const accepted = 'advertiser-accepted'
const places = 'advertiser-places'
const leaves = 'advertiser-leaves'
const batches = 'advertiser-batches'

const bidSchema: Schema<StoredBid> = v.object({
  hash: hashField,
  bid: v.pipe(
    v.unknown(),
    v.transform(bid => {
      const [one] = orThrow(parseFields(attentionBidsSchema, { bids: [bid] }, 'store-failed')).bids
      return one as AttentionBid
    }),
  ),
  viewer: publicKeyField,
  account: v.nullable(addressField),
  accepted: v.nullable(v.object({ payee: addressField, units: uint40Field })),
})

/** Base units of any size: sums may pass what a single rate has. */
const weiSum: Schema<bigint> = signedRateField

const sourceSchema: Schema<AttentionSource> = v.pipe(
  v.object({
    rate: v.object({ rateWei: weiSum, chunkSeconds: uint32Field, length: uint32Field }),
    capWei: weiSum,
    visible: uint8Field,
    promisedWei: weiSum,
    answered: uint32Field,
    last: v.optional(
      v.object({
        chunk: uint32Field,
        atMs: uint53Field,
        hash: hashField,
        code: v.string(),
        sendings: uint8Field,
      }),
    ),
    ended: v.optional(
      v.picklist(['done', 'answer-wrong', 'answer-late', 'presence-missing', 'campaign-exhausted']),
    ),
  }),
  v.transform(({ last, ended, ...rest }) => ({ ...rest, last, ended })),
)

const leafSchema: Schema<StoredLeaf> = v.object({
  campaign: hashField,
  leaf: uint32Field,
  hash: hashField,
  viewer: publicKeyField,
  payee: addressField,
  units: uint40Field,
  siblings: v.array(hashField),
  source: sourceSchema,
  nonce: v.nullable(hashField),
})

const batchSchema: Schema<StoredBatch> = v.object({
  campaign: hashField,
  index: uint32Field,
  bids: v.array(hashField),
})

const parse = <T>(schema: Schema<T>, value: string): T =>
  orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))
const leafKey = (campaign: Hash, leaf: number) => `${campaign}/${String(leaf).padStart(10, '0')}`

/** A bid that was made. */
export const bidChange = (bid: StoredBid): RecordChange => ({
  table: bids,
  key: bid.hash,
  value: canonicalText(bid as Json),
})
export const forgetBid = (hash: Hash): RecordChange => ({ table: bids, key: hash, value: undefined })

/** A bid was accepted: it waits for its place. */
export const acceptChanges = (bid: StoredBid): readonly RecordChange[] => [
  forgetBid(bid.hash),
  { table: accepted, key: bid.hash, value: canonicalText(bid as Json) },
]

/** An accepted bid has its place. */
export const placeChanges = (leaf: StoredLeaf): readonly RecordChange[] => [
  { table: accepted, key: leaf.hash, value: undefined },
  { table: places, key: leaf.hash, value: leafKey(leaf.campaign, leaf.leaf) },
  leafChange(leaf),
]

/** A bid that was made, or that was accepted and has no place yet. */
export const findBid = async (records: Records, hash: Hash): Promise<StoredBid | undefined> => {
  const value = (await records.get(accepted, hash)) ?? (await records.get(bids, hash))
  return value === undefined ? undefined : parse(bidSchema, value)
}

export const listBids = async (records: Records): Promise<readonly StoredBid[]> =>
  (await records.list(bids, '')).map(({ value }) => parse(bidSchema, value))

export const listAccepted = async (records: Records): Promise<readonly StoredBid[]> =>
  (await records.list(accepted, '')).map(({ value }) => parse(bidSchema, value))

/** The leaf that an accepted bid got. */
export const findPlace = async (records: Records, hash: Hash): Promise<StoredLeaf | undefined> => {
  const key = await records.get(places, hash)
  const value = key === undefined ? undefined : await records.get(leaves, key)
  return value === undefined ? undefined : parse(leafSchema, value)
}

export const leafChange = (leaf: StoredLeaf): RecordChange => ({
  table: leaves,
  key: leafKey(leaf.campaign, leaf.leaf),
  value: canonicalText(leaf as Json),
})

export const findLeaf = async (
  records: Records,
  campaign: Hash,
  leaf: number,
): Promise<StoredLeaf | undefined> => {
  const value = await records.get(leaves, leafKey(campaign, leaf))
  return value === undefined ? undefined : parse(leafSchema, value)
}

/** Leaves of a campaign, in their order. */
export const listLeaves = async (records: Records, campaign: Hash): Promise<readonly StoredLeaf[]> =>
  (await records.list(leaves, `${campaign}/`)).map(({ value }) => parse(leafSchema, value))

/** The batch of a campaign that is on its way to the chain. */
export const findBatch = async (records: Records, campaign: Hash): Promise<StoredBatch | undefined> => {
  const value = await records.get(batches, campaign)
  return value === undefined ? undefined : parse(batchSchema, value)
}

export const batchChange = (campaign: Hash, batch: StoredBatch | undefined): RecordChange => ({
  table: batches,
  key: campaign,
  value: batch === undefined ? undefined : canonicalText(batch as Json),
})
