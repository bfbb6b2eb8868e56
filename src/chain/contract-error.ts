import { type ErrorFragment, Interface } from 'ethers'
import { ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { campaignsAbi } from './bindings/campaigns.ts'
import { checkpointsAbi } from './bindings/checkpoints.ts'
import { paratiiAvatarAbi } from './bindings/paratii-avatar.ts'
import { paratiiRegistryAbi } from './bindings/paratii-registry.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { paymentChannelsAbi } from './bindings/payment-channels.ts'
import { sendEtherAbi } from './bindings/send-ether.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { videoRegistryAbi } from './bindings/video-registry.ts'
import { videoStoreAbi } from './bindings/video-store.ts'

/** Custom errors that mean something to people or policies. All others are `transaction-failed`. */
const codes: Readonly<Record<string, ErrorCode>> = {
  Campaigns_AlreadyReclaimed: 'purchase-ended',
  Campaigns_BadAllotments: 'campaign-exhausted',
  Campaigns_BadSignature: 'signature-invalid',
  Campaigns_Ended: 'purchase-ended',
  Campaigns_Exists: 'order-used',
  Campaigns_NotAllowed: 'not-permitted',
  Campaigns_Unknown: 'campaign-unknown',
  Checkpoints_BadSignature: 'signature-invalid',
  ERC20InsufficientAllowance: 'balance-too-low',
  ERC20InsufficientBalance: 'balance-too-low',
  ERC3009InvalidAuthorizationTime: 'order-expired',
  ERC3009InvalidSignature: 'signature-invalid',
  ERC3009UsedAuthorization: 'order-used',
  OwnableUnauthorizedAccount: 'not-permitted',
  ParatiiAvatar_BadSignature: 'signature-invalid',
  ParatiiAvatar_NotManaged: 'not-permitted',
  ParatiiAvatar_NotOperator: 'not-permitted',
  ParatiiToken_BadSignature: 'signature-invalid',
  PaymentChannels_BadSignature: 'signature-invalid',
  PaymentChannels_Closing: 'channel-ended',
  PaymentChannels_Ended: 'channel-ended',
  PaymentChannels_Exists: 'bid-used',
  PaymentChannels_Expired: 'bid-expired',
  PaymentChannels_NotAllowed: 'not-permitted',
  PaymentChannels_NotOpen: 'channel-unknown',
  PaymentChannels_Stale: 'payment-goes-down',
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
  VideoStore_NotOwned: 'not-permitted',
  VideoStore_OrderExpired: 'order-expired',
  VideoStore_TermsChanged: 'terms-changed',
  VideoStore_UnknownPurchase: 'purchase-unknown',
}

const namesBySelector = new Map<string, string>()
const abis = [
  campaignsAbi,
  checkpointsAbi,
  paratiiAvatarAbi,
  paratiiRegistryAbi,
  paratiiTokenAbi,
  paymentChannelsAbi,
  sendEtherAbi,
  userRegistryAbi,
  videoRegistryAbi,
  videoStoreAbi,
]
for (const abi of abis) {
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
