import * as v from 'valibot'
import type { Address, PublicKey, VideoId } from '#std/brand.ts'
import { maxAllotments } from './allotment.ts'
import {
  addressField,
  listField,
  multiaddrsField,
  publicKeyField,
  type Schema,
  videoIdField,
} from './fields.ts'

/** A host as its publisher lists it. */
export type ListedHost = {
  /** Node key: the libp2p identity, and the payee of receipts. */
  readonly key: PublicKey
  readonly payout: Address
  /** Multiaddrs: libp2p ones end in `/p2p/<peer id>`, the data plane's in `/http` or `/https`. */
  readonly addresses: readonly string[]
}

/** The body of a `hosts` announcement, signed by the owner's mailbox key. It holds until the announcement expires. */
export type HostList = { readonly id: VideoId; readonly hosts: readonly ListedHost[] }

export const hostListSchema: Schema<HostList> = v.object({
  id: videoIdField,
  hosts: listField(
    v.object({ key: publicKeyField, payout: addressField, addresses: multiaddrsField }),
    maxAllotments,
  ),
})
