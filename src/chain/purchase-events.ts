import * as v from 'valibot'
import type { Schema } from '#protocol/fields.ts'
import type { Address, Hash, PurchaseNonce, VideoId } from '#std/brand.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { addressValue, type Contract, hashValue, type Log, numberValue } from './call.ts'
import { listLogs } from './logs.ts'

/** Which purchases: all conditions hold. */
export type PurchaseFilter = {
  readonly nonce?: PurchaseNonce
  readonly buyer?: Address
  readonly id?: VideoId
  /** Block number; default 0. */
  readonly fromBlock?: number
}

/** What the store logged when a purchase was opened. */
export type Purchased = {
  readonly nonce: PurchaseNonce
  readonly buyer: Address
  readonly id: VideoId
  /** Hash of the terms; FormatSet of the video registry has them. */
  readonly terms: Hash
  readonly allotments: Hash
  /** From which a viewer finds the purchase's node key again. */
  readonly salt: Hash
  readonly signer: Address
  readonly affiliate: Address
  readonly capacity: number
  readonly depth: number
  /** Unix seconds, before any request to close. */
  readonly escrowEnd: number
}
export type PurchaseEvent = Purchased & { readonly log: Log }

export const purchasedValue: Schema<Purchased> = v.pipe(
  v.strictTuple([
    hashValue,
    addressValue,
    hashValue,
    hashValue,
    hashValue,
    hashValue,
    addressValue,
    addressValue,
    numberValue,
    numberValue,
    numberValue,
  ]),
  v.transform(
    ([
      nonce,
      buyer,
      id,
      terms,
      allotments,
      salt,
      signer,
      affiliate,
      capacity,
      depth,
      escrowEnd,
    ]): Purchased => ({
      nonce: nonce as PurchaseNonce,
      buyer,
      id: id as VideoId,
      terms,
      allotments,
      salt,
      signer,
      affiliate,
      capacity,
      depth,
      escrowEnd,
    }),
  ),
)

/** Purchases that a store logged, oldest first. */
export const listPurchases = (
  rpc: JsonRpc,
  store: Contract,
  filter: PurchaseFilter,
  signal?: AbortSignal,
): Promise<readonly PurchaseEvent[]> =>
  listLogs(
    rpc,
    store,
    {
      event: 'Purchased',
      indexed: [filter.nonce ?? null, filter.buyer ?? null, filter.id ?? null],
      fromBlock: filter.fromBlock ?? 0,
      // A name is that of one purchase.
      ...(filter.nonce === undefined ? {} : { enough: 1 }),
    },
    purchasedValue,
    signal,
  )
