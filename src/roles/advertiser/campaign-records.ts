import * as v from 'valibot'
import type { BiddingPolicy, PastBid } from '#market/bidding.ts'
import type { CampaignBook } from '#market/campaign-book.ts'
import type { PresenceRules } from '#protocol/attention-bid.ts'
import type { CampaignPlan } from '#protocol/campaign.ts'
import {
  addressField,
  basisPointsField,
  cidField,
  formatNameField,
  hashField,
  parseFields,
  type Schema,
  signedRateField,
  uint8Field,
  uint40Field,
  uint53Field,
  videoIdField,
} from '#protocol/fields.ts'
import { canonicalText, type Json } from '#protocol/json.ts'
import type { Address, Cid, FormatName, Hash } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { RecordChange, Records } from '#std/ports/records.ts'

/** A campaign as its advertiser wanted it: written once, before it is on the chain. */
export type StoredCampaign = {
  readonly campaign: Hash
  readonly plan: CampaignPlan
  readonly format: FormatName
  readonly address: Cid
  readonly chunkSeconds: number
  readonly length: number
  readonly policy: BiddingPolicy
  readonly presence: PresenceRules
  /** Words that fit the video; a viewer who names some gets bids that share one. */
  readonly topics: readonly string[]
  /** Languages of the video; none fits everybody. */
  readonly languages: readonly string[]
  /** Unix seconds. */
  readonly startedAt: number
}

/** What the daemon counts of a campaign. */
export type CampaignCount = {
  readonly book: CampaignBook
  /** Batches that are on the chain. */
  readonly batches: number
  /** How the last bids ended, the oldest first. */
  readonly past: readonly PastBid[]
}

const campaigns = 'advertiser-campaigns'
const counts = 'advertiser-counts'
const stops = 'advertiser-stops'
const payees = 'advertiser-payees'

const units: Schema<number> = uint40Field
const textList: Schema<readonly string[]> = v.array(v.string())
const ruleSchema = v.object({
  ageSeconds: uint53Field,
  paidSeconds: uint53Field,
  spentWei: signedRateField,
  votes: uint53Field,
})

const campaignSchema: Schema<StoredCampaign> = v.object({
  campaign: hashField,
  plan: v.object({
    advertiser: addressField,
    signer: addressField,
    video: videoIdField,
    deposit: units,
    maxPerViewer: units,
    end: units,
    depth: uint8Field,
    affiliate: addressField,
    affiliateBps: basisPointsField,
    salt: hashField,
  }),
  format: formatNameField,
  address: cidField,
  chunkSeconds: uint40Field,
  length: uint40Field,
  policy: v.object({
    maxRateWei: signedRateField,
    rule: v.picklist(['flat', 'gain']),
    valueWei: signedRateField,
    isPaced: v.boolean(),
    wanted: ruleSchema,
    critic: uint53Field,
  }),
  presence: v.object({ visible: uint8Field, challenge: uint8Field }),
  topics: textList,
  languages: textList,
  startedAt: uint40Field,
})

const countSchema: Schema<CampaignCount> = v.object({
  book: v.object({
    depositUnits: units,
    maxPerViewer: units,
    committedUnits: units,
  }),
  batches: uint40Field,
  past: v.array(v.object({ rateWei: signedRateField, won: v.boolean() })),
})

const parse = <T>(schema: Schema<T>, value: string): T =>
  orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))

export const saveCampaign = (records: Records, campaign: StoredCampaign): Promise<void> =>
  records.write([{ table: campaigns, key: campaign.campaign, value: canonicalText(campaign as Json) }])

export const forgetCampaign = (records: Records, campaign: Hash): Promise<void> =>
  records.write([{ table: campaigns, key: campaign, value: undefined }])

export const listCampaigns = async (records: Records): Promise<readonly StoredCampaign[]> =>
  (await records.list(campaigns, '')).map(({ value }) => parse(campaignSchema, value))

export const findCampaign = async (records: Records, campaign: Hash): Promise<StoredCampaign | undefined> => {
  const value = await records.get(campaigns, campaign)
  return value === undefined ? undefined : parse(campaignSchema, value)
}

/** No more bids of it. A key of its own, so that a command may write it beside the daemon. */
export const stopCampaign = (records: Records, campaign: Hash): Promise<void> =>
  records.write([{ table: stops, key: campaign, value: 'true' }])

export const isStopped = async (records: Records, campaign: Hash): Promise<boolean> =>
  (await records.get(stops, campaign)) !== undefined

export const findCount = async (records: Records, campaign: Hash): Promise<CampaignCount | undefined> => {
  const value = await records.get(counts, campaign)
  return value === undefined ? undefined : parse(countSchema, value)
}

export const countChange = (campaign: Hash, count: CampaignCount): RecordChange => ({
  table: counts,
  key: campaign,
  value: canonicalText(count as Json),
})

/** Units that a payee was promised by a campaign so far. */
export const unitsOfPayee = async (records: Records, campaign: Hash, payee: Address): Promise<number> =>
  Number((await records.get(payees, `${campaign}/${payee}`)) ?? 0)

export const payeeChange = (campaign: Hash, payee: Address, units: number): RecordChange => ({
  table: payees,
  key: `${campaign}/${payee}`,
  value: String(units),
})
