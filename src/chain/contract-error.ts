import { type ErrorFragment, Interface } from 'ethers'
import { ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { paratiiRegistryAbi } from './bindings/paratii-registry.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { videoRegistryAbi } from './bindings/video-registry.ts'
import { videoStoreAbi } from './bindings/video-store.ts'

/** Custom errors that mean something to people or policies. All others are `transaction-failed`. */
const codes: Readonly<Record<string, ErrorCode>> = {
  ERC20InsufficientAllowance: 'balance-too-low',
  ERC20InsufficientBalance: 'balance-too-low',
  ERC3009InvalidAuthorizationTime: 'order-expired',
  ERC3009InvalidSignature: 'signature-invalid',
  ERC3009UsedAuthorization: 'order-used',
  OwnableUnauthorizedAccount: 'not-permitted',
  UserRegistry_BadSignature: 'signature-invalid',
  VideoRegistry_BadFormat: 'format-unknown',
  VideoRegistry_BadSignature: 'signature-invalid',
  VideoRegistry_NotAllowed: 'not-permitted',
  VideoRegistry_UnknownVideo: 'video-unknown',
  VideoStore_AlreadyReclaimed: 'purchase-ended',
  VideoStore_BadAllotments: 'allotment-exceeds-capacity',
  VideoStore_BadNodeSignature: 'signature-invalid',
  VideoStore_BadTtl: 'order-mismatch',
  VideoStore_BadWalletSignature: 'signature-invalid',
  VideoStore_Closing: 'purchase-ended',
  VideoStore_Exists: 'order-used',
  VideoStore_NotAllowed: 'not-permitted',
  VideoStore_OrderExpired: 'order-expired',
  VideoStore_TermsChanged: 'terms-changed',
  VideoStore_UnknownPurchase: 'purchase-unknown',
}

const namesBySelector = new Map<string, string>()
for (const abi of [paratiiRegistryAbi, paratiiTokenAbi, userRegistryAbi, videoRegistryAbi, videoStoreAbi]) {
  new Interface(abi).forEachError((error: ErrorFragment) => namesBySelector.set(error.selector, error.name))
}

/**
 * What a call or transaction failed with, as precisely as revert data says: the code that belongs to the contract's
 * custom error, whose name is in `details.error`. Anything else is returned as it is.
 */
export const decodeContractError = (thrown: unknown): unknown => {
  if (!(thrown instanceof ParatiiError) || thrown.code !== 'transaction-failed') return thrown
  const data = thrown.details.data
  const name = typeof data === 'string' ? namesBySelector.get(data.slice(0, 10)) : undefined
  if (name === undefined) return thrown
  return new ParatiiError(codes[name] ?? 'transaction-failed', { error: name }, thrown)
}
