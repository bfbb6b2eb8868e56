import * as v from 'valibot'
import type { CampaignClaim } from '#chain/market-writer.ts'
import type { AttentionWatcher } from '#market/attention-watcher.ts'
import {
  addressField,
  basisPointsField,
  cidField,
  hashField,
  parseFields,
  publicKeyField,
  type Schema,
  signatureField,
  signedRateField,
  textField,
  uint32Field,
  uint40Field,
  uint53Field,
  videoIdField,
} from '#protocol/fields.ts'
import { canonicalText, type Json } from '#protocol/json.ts'
import type { Address, Cid, Hash, Hex, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { isHex } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** A viewing that pays us: our place in a campaign, how far we are, and the newest promise. */
export type Earning = {
  /** The bid that was accepted. */
  readonly bid: Hash
  /** The video's title: its owner's words. */
  readonly title: string
  readonly acceptedAtMs: number
  /** The site's part of what is promised, in 1/10000. */
  readonly affiliateBps: number
  readonly campaign: Hash
  readonly leaf: number
  readonly units: number
  readonly siblings: readonly Hash[]
  readonly video: VideoId
  readonly address: Cid
  readonly advertiser: Address
  /** The campaign's signer: signs promises, greets on streams. */
  readonly signer: Address
  readonly source: PublicKey
  readonly payee: Address
  /** Address of the viewer key. */
  readonly viewer: Address
  /** The viewer key's secret: it can answer for this viewing, and nothing else. */
  readonly viewerSecret: Hex
  readonly watcher: AttentionWatcher
  /** Of the newest promise; null before the first. */
  readonly signature: Signature | null
}

const table = 'viewer-earnings'
const secretField: Schema<Hex> = v.custom<Hex>(value => typeof value === 'string' && isHex(value, 32))

const schema: Schema<Earning> = v.object({
  bid: hashField,
  title: textField(200),
  acceptedAtMs: uint53Field,
  affiliateBps: basisPointsField,
  campaign: hashField,
  leaf: uint32Field,
  units: uint40Field,
  siblings: v.array(hashField),
  video: videoIdField,
  address: cidField,
  advertiser: addressField,
  signer: addressField,
  source: publicKeyField,
  payee: addressField,
  viewer: addressField,
  viewerSecret: secretField,
  watcher: v.object({
    rate: v.object({ rateWei: signedRateField, chunkSeconds: uint32Field, length: uint32Field }),
    next: uint32Field,
    promisedWei: signedRateField,
  }),
  signature: v.nullable(signatureField),
})

export const saveEarning = (records: Records, earning: Earning): Promise<void> =>
  records.write([
    {
      table,
      key: `${earning.campaign}/${String(earning.leaf).padStart(10, '0')}`,
      value: canonicalText(earning as Json),
    },
  ])

/** All viewings that ever paid us. */
export const listEarnings = async (records: Records): Promise<readonly Earning[]> =>
  (await records.list(table, '')).map(({ value }) =>
    orThrow(parseFields(schema, JSON.parse(value), 'store-failed')),
  )

/** What anybody needs to settle a viewing for us; undefined before the first promise. */
export const claimOfEarning = (earning: Earning): CampaignClaim | undefined => {
  const { campaign, leaf, payee, siblings, signature, units, viewer, watcher } = earning
  if (signature === null) return undefined
  return {
    allotment: { viewer, payout: payee, cap: units },
    siblings,
    proof: { campaign, leaf, balance: watcher.promisedWei, signature },
  }
}
