import { type Allotment, buildAllotmentTree } from '#protocol/allotment.ts'
import { maxUint40 } from '#protocol/fields.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import {
  authorizationMessage,
  authorizationStruct,
  type OrderDraft,
  orderMessage,
  orderStruct,
} from '#protocol/order.ts'
import { addressOf } from '#protocol/signature.ts'
import type { Terms } from '#protocol/terms.ts'
import { describeTypedData, paratiiDomain, type TypedRequest } from '#protocol/typed-data.ts'
import type { Address, Hash, Signature } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'

/** What an order is made from. */
export type OrderPlan = {
  readonly terms: Terms
  /** Hosts to allot to, at least one; their shares are equal. */
  readonly hosts: readonly Pick<ListedHost, 'key' | 'payout'>[]
  /** Bytes that hosts may be paid for in all, see {@link capacityFor}. */
  readonly capacity: number
  readonly buyer: Address
  /** 32 random bytes: the purchase's node key is found again from it. */
  readonly salt: Hash
  readonly relayFee: bigint
  /** Seconds since 1970. */
  readonly validUntil: number
  readonly affiliate: Address
  readonly chainId: number
  readonly store: Address
  readonly payment: OrderDraft['payment']
}

/**
 * Bytes to hold for hosts: a quarter more than the largest path, for renditions switched on the way and the free
 * head; and as much again where there is a second host, so that half of the hosts may fail. What is not earned
 * returns.
 */
export const capacityFor = (sizeBytes: number, hostCount: number): number =>
  Math.min(maxUint40, Math.ceil(sizeBytes * 1.25) * Math.min(hostCount, 2))

/**
 * An order for a format, its capacity allotted to the hosts in equal caps. Fails with `no-hosts`, with
 * `allotment-invalid` for a host whose key is no point of the curve, and as `buildAllotmentTree` does.
 */
export const draftOrder = (crypto: Crypto, plan: OrderPlan): Result<OrderDraft> => {
  const { hosts, ...rest } = plan
  if (hosts.length === 0) return failed('no-hosts')
  const cap = Math.floor(plan.capacity / hosts.length)
  const leaves: Allotment[] = []
  for (const [index, { key, payout }] of hosts.entries()) {
    const payee = addressOf(crypto, key)
    if (payee === undefined) return failed('allotment-invalid', { field: 'key' })
    leaves.push({ index, payee, payout, cap, key })
  }
  const tree = buildAllotmentTree(leaves)
  if (!tree.ok) return tree
  const { commitment, depth } = tree.value
  return ok({ ...rest, id: plan.terms.id, format: plan.terms.format, leaves, allotments: commitment, depth })
}

/** What the wallet shows and signs for an order: the order itself, or the token's authorization that names it. */
export const orderTypedData = (draft: OrderDraft, nodeSignature: Signature, token: Address): TypedRequest =>
  draft.payment === 'allowance'
    ? describeTypedData(
        paratiiDomain(draft.chainId, draft.store),
        orderStruct,
        orderMessage(draft, nodeSignature),
      )
    : describeTypedData(
        paratiiDomain(draft.chainId, token),
        authorizationStruct,
        authorizationMessage(draft, nodeSignature),
      )

/** The most that hosts can cost: the collateral, in base units. */
export const collateralWei = (deal: Pick<OrderDraft, 'terms' | 'capacity'>): bigint =>
  BigInt(deal.capacity) * deal.terms.fee

/** What one host has earned by a receipt: its fee for each byte, up to its cap. */
export const hostEarnedWei = (
  terms: Pick<Terms, 'fee'>,
  allotment: Pick<Allotment, 'cap'>,
  bytes: number,
): bigint => terms.fee * BigInt(Math.min(bytes, allotment.cap))

/** What owner, affiliate and redistribution have earned together: the price pro rata, whole from `size` bytes on. */
export const ownerEarnedWei = (terms: Pick<Terms, 'price' | 'size'>, totalBytes: number): bigint =>
  (terms.price * BigInt(Math.min(totalBytes, terms.size))) / BigInt(terms.size)

/**
 * What a purchase has cost so far, in base units, as the chain will settle it: `bytes[i]` is what the newest
 * receipt of leaf i counts; bytes above a cap count nowhere.
 */
export const paidWei = (order: Pick<OrderDraft, 'terms' | 'leaves'>, bytes: readonly number[]): bigint => {
  let totalBytes = 0
  let hostsWei = 0n
  for (const [index, leaf] of order.leaves.entries()) {
    const counted = Math.min(bytes[index] ?? 0, leaf.cap)
    totalBytes += counted
    hostsWei += hostEarnedWei(order.terms, leaf, counted)
  }
  return hostsWei + ownerEarnedWei(order.terms, totalBytes)
}
