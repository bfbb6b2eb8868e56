import * as v from 'valibot'
import type { Address, PublicKey } from '#std/brand.ts'
import { addressField, multiaddrsField, publicKeyField, type Schema, weiField } from './fields.ts'

/**
 * The body of an `offer` message: a host would serve a publisher's videos. The message is signed by the node key
 * that it offers (the sender equals `key`), so that nobody can list another's node under an own payout address.
 */
export type Offer = {
  readonly key: PublicKey
  readonly payout: Address
  readonly addresses: readonly string[]
  /** Base units a byte below which the host does not serve. */
  readonly minimumFee: bigint
}

export const offerSchema: Schema<Offer> = v.object({
  key: publicKeyField,
  payout: addressField,
  addresses: multiaddrsField,
  minimumFee: weiField(64),
})
