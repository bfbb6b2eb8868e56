import * as v from 'valibot'
import type { PublicKey } from '#std/brand.ts'
import { multiaddrsField, publicKeyField, type Schema } from './fields.ts'

/** A daemon that relays mail, as it says so itself on `paratii/relays/1`: signed by the node key that it names. */
export type RelayListing = { readonly key: PublicKey; readonly addresses: readonly string[] }

export const relayListingSchema: Schema<RelayListing> = v.object({
  key: publicKeyField,
  addresses: multiaddrsField,
})
