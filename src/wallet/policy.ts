import type { Address } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/** What an order that asks for a signature would take, and from whom to whom. */
export type OrderAsked = {
  readonly chainId: number
  readonly store: Address
  readonly payee: Address
  readonly priceWei: bigint
  /** The most that hosts can cost. */
  readonly hostsWei: bigint
  /** What submitting the order costs. */
  readonly relayFeeWei: bigint
}

/** What the person in front of the screen saw and said yes to. */
export type OrderAgreed = { readonly payee: Address; readonly totalWei: bigint }

/** What holds whatever anyone agrees to. */
export type OrderBounds = {
  readonly chainId: number
  readonly store: Address
  /** `price-max` of the tag; absent: the site sets none. */
  readonly sitePriceMaxWei?: bigint
  readonly balanceWei: bigint
  /** What the budget leaves for one video now. */
  readonly budgetLeftWei: bigint
}

/** All that an order can ever take from the wallet. */
export const totalOf = (order: OrderAsked): bigint => order.priceWei + order.hostsWei + order.relayFeeWei

/**
 * May this order be signed? Answers the total, or why not. In this order: another chain or contract, other terms
 * than were agreed to, the site's limit, the budget, the balance.
 */
export function decideOrder(asked: OrderAsked, agreed: OrderAgreed, bounds: OrderBounds): Result<bigint> {
  if (asked.chainId !== bounds.chainId || asked.store !== bounds.store) return failed('chain-mismatch')
  const totalWei = totalOf(asked)
  if (asked.payee !== agreed.payee || totalWei > agreed.totalWei) return failed('terms-changed')
  if (bounds.sitePriceMaxWei !== undefined && asked.priceWei > bounds.sitePriceMaxWei)
    return failed('price-above-limit')
  if (totalWei > bounds.budgetLeftWei) return failed('budget-exhausted')
  if (totalWei > bounds.balanceWei) return failed('balance-too-low')
  return ok(totalWei)
}
