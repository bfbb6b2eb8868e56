import * as v from 'valibot'
import type { ContentSource } from '#market/content-source.ts'
import type { Acceptance } from '#protocol/acceptance.ts'
import type { BalanceProof } from '#protocol/balance-proof.ts'
import {
  addressField,
  cidField,
  formatNameField,
  hashField,
  parseFields,
  type Schema,
  signatureField,
  signedRateField,
  uint8Field,
  uint32Field,
  uint40Field,
  uint53Field,
  videoIdField,
} from '#protocol/fields.ts'
import { canonicalText, type Json } from '#protocol/json.ts'
import type { Address, FormatName, Hash, Signature, VideoId } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { RecordChange, Records } from '#std/ports/records.ts'

/** A channel by the second from its acceptance on. */
export type SecondsChannel = {
  readonly channel: Hash
  readonly acceptance: Acceptance
  readonly source: ContentSource
  /** Of the newest balance proof, for `source.promisedWei`; null before the first. */
  readonly proof: Signature | null
  readonly state: 'accepted' | 'open' | 'closing' | 'closed'
  /** When something was last wanted or paid. */
  readonly usedAtMs: number
}

const channels = 'publisher-channels'
const ofBids = 'publisher-second-bids'
const pasts = 'publisher-past-bids'
const counters = 'publisher-counters'

const acceptanceSchema: Schema<Acceptance> = v.object({
  bid: hashField,
  payer: addressField,
  payee: addressField,
  signer: addressField,
  video: videoIdField,
  format: formatNameField,
  address: cidField,
  rate: signedRateField,
  chunkSeconds: uint32Field,
  length: uint32Field,
  validUntil: uint40Field,
})

const sent = v.record(v.string(), uint8Field) as unknown as Schema<Readonly<Record<number, number>>>
const channelSchema: Schema<SecondsChannel> = v.object({
  channel: hashField,
  acceptance: acceptanceSchema,
  source: v.object({
    rate: v.object({ rateWei: signedRateField, chunkSeconds: uint32Field, length: uint32Field }),
    sent,
    dueWei: signedRateField,
    promisedWei: signedRateField,
  }),
  proof: v.nullable(signatureField),
  state: v.picklist(['accepted', 'open', 'closing', 'closed']),
  usedAtMs: uint53Field,
})

const parse = <T>(schema: Schema<T>, value: string): T =>
  orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))

export const saveChannel = (records: Records, channel: SecondsChannel): Promise<void> =>
  records.write([
    { table: channels, key: channel.channel, value: canonicalText(channel as Json) },
    { table: ofBids, key: channel.acceptance.bid, value: channel.channel },
  ])

export const findChannel = async (records: Records, channel: Hash): Promise<SecondsChannel | undefined> => {
  const value = await records.get(channels, channel)
  return value === undefined ? undefined : parse(channelSchema, value)
}

/** The channel that a bid was accepted for. */
export const findChannelOfBid = async (records: Records, bid: Hash): Promise<SecondsChannel | undefined> => {
  const channel = await records.get(ofBids, bid)
  return channel === undefined ? undefined : findChannel(records, channel as Hash)
}

export const listChannels = async (records: Records): Promise<readonly SecondsChannel[]> =>
  (await records.list(channels, '')).map(({ value }) => parse(channelSchema, value))

/** The newest proof that a channel holds. */
export const proofOf = ({ channel, proof, source }: SecondsChannel): BalanceProof | undefined =>
  proof === null ? undefined : { channel, balance: source.promisedWei, signature: proof }

/** Bids for one format that are remembered. */
const mostPast = 200

/** What earlier bidders would have paid at most for a format, the oldest first. */
export const pastBids = async (
  records: Records,
  id: VideoId,
  format: FormatName,
): Promise<readonly bigint[]> => {
  const value = await records.get(pasts, `${id}/${format}`)
  return value === undefined ? [] : parse(v.array(signedRateField), value)
}

/** Remembers a bid, and, where one was made, a counter-offer to its payer. */
export const rememberBid = async (
  records: Records,
  bid: { readonly id: VideoId; readonly format: FormatName; readonly bid: bigint; readonly payer: Address },
  past: readonly bigint[],
  countered: number,
): Promise<void> => {
  const changes: RecordChange[] = [
    {
      table: pasts,
      key: `${bid.id}/${bid.format}`,
      value: canonicalText([...past, bid.bid].slice(-mostPast)),
    },
    { table: counters, key: `${bid.id}/${bid.payer}`, value: String(countered) },
  ]
  await records.write(changes)
}

/** Counter-offers that a payer had for a video. */
export const counteredOf = async (records: Records, id: VideoId, payer: Address): Promise<number> =>
  Number((await records.get(counters, `${id}/${payer}`)) ?? 0)
