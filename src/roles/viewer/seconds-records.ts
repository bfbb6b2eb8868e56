import * as v from 'valibot'
import type { ContentWatcher } from '#market/content-watcher.ts'
import type { Acceptance } from '#protocol/acceptance.ts'
import {
  addressField,
  cidField,
  formatNameField,
  hashField,
  parseFields,
  publicKeyField,
  type Schema,
  signatureField,
  signedRateField,
  uint32Field,
  uint40Field,
  videoIdField,
} from '#protocol/fields.ts'
import { canonicalText, type Json } from '#protocol/json.ts'
import type { Hash, PublicKey, Signature } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** A channel by which we pay by the second, from its acceptance on. */
export type PaidChannel = {
  readonly channel: Hash
  readonly acceptance: Acceptance
  /** The payee's over the acceptance. */
  readonly yes: Signature
  /** Where its publisher reads mail, and its node. */
  readonly mailbox: PublicKey
  readonly source: PublicKey
  readonly watcher: ContentWatcher
}

const table = 'viewer-channels'

const schema: Schema<PaidChannel> = v.object({
  channel: hashField,
  acceptance: v.object({
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
  }),
  yes: signatureField,
  mailbox: publicKeyField,
  source: publicKeyField,
  watcher: v.object({
    rate: v.object({ rateWei: signedRateField, chunkSeconds: uint32Field, length: uint32Field }),
    had: v.array(uint32Field),
    owedWei: signedRateField,
  }),
})

export const savePaidChannel = (records: Records, channel: PaidChannel): Promise<void> =>
  records.write([{ table, key: channel.channel, value: canonicalText(channel as Json) }])

export const findPaidChannel = async (records: Records, channel: Hash): Promise<PaidChannel | undefined> => {
  const value = await records.get(table, channel)
  return value === undefined ? undefined : orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))
}
