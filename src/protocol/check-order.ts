import type { Address, Hash, PurchaseNonce } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { type Allotment, buildAllotmentTree, sumOfWord, verifyPayee } from './allotment.ts'
import { digestNodeKey, digestWallet, type Order } from './order.ts'
import { purchaseNonceOf } from './purchase-nonce.ts'
import { recoverAddress } from './signature.ts'

/** Which chain and contracts the checker works with. */
export type OrderContext = { readonly chainId: number; readonly store: Address; readonly token: Address }

/** What a checked order amounts to. */
export type CheckedOrder = {
  readonly nonce: PurchaseNonce
  /** Address of the purchase's node key: who signs receipts. */
  readonly signer: Address
  /** Branches of the leaves, in their order: what settles them at a depth above 0. */
  readonly branches: readonly (readonly Hash[])[]
}

/**
 * Checks all of an order that needs no chain: contracts, terms, both signatures, the allotment tree and that its
 * sum fits the capacity. What is left to the caller: the terms are still the registry's, the buyer's balance,
 * `validUntil`, and what the fees are worth to it.
 *
 * A wallet that is a contract (EIP-1271) fails here with `signature-invalid`; a host asks the chain instead whether
 * the purchase is open, by the nonce of {@link nameOrder}.
 */
export const checkOrder = (crypto: Crypto, order: Order, context: OrderContext): Result<CheckedOrder> => {
  const named = nameOrder(crypto, order, context)
  if (!named.ok) return named
  const buyer = recoverAddress(
    crypto,
    digestWallet(order, order.IPFS_signature, context.token),
    order.wallet_signature,
  )
  return buyer === order.buyer ? named : failed('signature-invalid', { field: 'wallet_signature' })
}

/** As {@link checkOrder} without the wallet's signature: all a host needs of a purchase that the chain confirms. */
export const nameOrder = (crypto: Crypto, order: Order, context: OrderContext): Result<CheckedOrder> => {
  if (order.chainId !== context.chainId || order.store !== context.store) return mismatch('store')
  if (order.terms.id !== order.id) return mismatch('id')
  if (order.terms.format !== order.format) return mismatch('format')
  const tree = buildAllotmentTree(order.leaves)
  if (!tree.ok) return tree
  if (tree.value.commitment !== order.allotments) return failed('allotment-invalid', { field: 'allotments' })
  if (tree.value.depth !== order.depth) return failed('allotment-invalid', { field: 'depth' })
  if (sumOfWord(order.allotments) > order.capacity) return failed('allotment-exceeds-capacity')
  if (order.leaves.some(leaf => !verifyPayee(crypto, leaf)))
    return failed('allotment-invalid', { field: 'payee' })
  const signer = recoverAddress(crypto, digestNodeKey(order), order.IPFS_signature)
  if (signer === undefined) return failed('signature-invalid', { field: 'IPFS_signature' })
  return ok({ nonce: purchaseNonceOf(order, { ...order, signer }), signer, branches: tree.value.branches })
}

/** The allotment of an order that is this host's: by its node key's address and its payout, else `allotment-invalid`. */
export const findAllotment = (
  order: Order,
  host: { readonly leaf: number; readonly payee: Address; readonly payout: Address },
): Result<Allotment> => {
  const allotment = order.leaves[host.leaf]
  if (allotment === undefined || allotment.payee !== host.payee)
    return failed('allotment-invalid', { field: 'leaf' })
  if (allotment.payout !== host.payout) return failed('allotment-invalid', { field: 'payout' })
  return ok(allotment)
}

const mismatch = (field: string) => failed('order-mismatch', { field })
