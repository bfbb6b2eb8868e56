import { digestWallet, type Order, type OrderDraft, signNodeKey } from '#protocol/order.ts'
import { signCompact } from '#protocol/signature.ts'
import type { Address } from '#std/brand.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Keyring } from './keyring.ts'

export type SignedOrder = {
  readonly order: Order
  /** Secret key, 32 bytes, good for this purchase's deposit alone. It signs the receipts. */
  readonly nodeKey: Uint8Array
}

/**
 * Puts both signatures under an order: the purchase's node key says that it signs for this wallet, the wallet says
 * yes to the whole. The caller has asked the policy before. Throws `wallet-locked`.
 */
export async function signOrder(
  keyring: Keyring,
  crypto: Crypto,
  accountIndex: number,
  draft: OrderDraft,
  token: Address,
): Promise<SignedOrder> {
  const nodeKey = await keyring.purchaseKey(draft.chainId, draft.buyer, draft.salt)
  const nodeSignature = signNodeKey(crypto, draft, nodeKey)
  const walletSignature = await keyring.signWith(accountIndex, key =>
    signCompact(crypto, digestWallet(draft, nodeSignature, token), key),
  )
  return {
    order: { ...draft, IPFS_signature: nodeSignature, wallet_signature: walletSignature },
    nodeKey,
  }
}
