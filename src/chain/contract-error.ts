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

/** The code of each custom error that a contract of ours can revert with, inherited ones too. */
const codes: Readonly<Record<string, ErrorCode>> = {
  AddressEmptyCode: 'transaction-failed',
  Campaigns_AlreadyReclaimed: 'campaign-ended',
  Campaigns_BadAllotments: 'campaign-exhausted',
  Campaigns_BadData: 'order-mismatch',
  Campaigns_BadPlan: 'terms-invalid',
  Campaigns_BadSignature: 'signature-invalid',
  Campaigns_Ended: 'campaign-ended',
  Campaigns_Exists: 'order-used',
  Campaigns_NotAllowed: 'not-permitted',
  Campaigns_NotEnded: 'purchase-open',
  Campaigns_Unknown: 'campaign-unknown',
  Checkpoints_BadCid: 'document-malformed',
  Checkpoints_BadSignature: 'signature-invalid',
  Checkpoints_Expired: 'order-expired',
  ECDSAInvalidSignature: 'signature-invalid',
  ECDSAInvalidSignatureLength: 'signature-invalid',
  ECDSAInvalidSignatureS: 'signature-invalid',
  ERC1363ApproveFailed: 'transaction-failed',
  ERC1363InvalidReceiver: 'transaction-failed',
  ERC1363InvalidSpender: 'transaction-failed',
  ERC1363TransferFailed: 'transaction-failed',
  ERC1363TransferFromFailed: 'transaction-failed',
  ERC20InsufficientAllowance: 'balance-too-low',
  ERC20InsufficientBalance: 'balance-too-low',
  ERC20InvalidApprover: 'transaction-failed',
  ERC20InvalidReceiver: 'transaction-failed',
  ERC20InvalidSender: 'transaction-failed',
  ERC20InvalidSpender: 'transaction-failed',
  ERC2612ExpiredSignature: 'order-expired',
  ERC2612InvalidSigner: 'signature-invalid',
  ERC3009InvalidAuthorizationTime: 'order-expired',
  ERC3009InvalidSignature: 'signature-invalid',
  ERC3009UsedAuthorization: 'order-used',
  FailedCall: 'transaction-failed',
  InvalidAccountNonce: 'order-used',
  InvalidShortString: 'transaction-failed',
  OwnableInvalidOwner: 'not-permitted',
  OwnableUnauthorizedAccount: 'not-permitted',
  ParatiiAvatar_AboveLimit: 'budget-exhausted',
  ParatiiAvatar_BadLength: 'document-malformed',
  ParatiiAvatar_BadSignature: 'signature-invalid',
  ParatiiAvatar_Expired: 'order-expired',
  ParatiiAvatar_NotManaged: 'not-permitted',
  ParatiiAvatar_NotOperator: 'not-permitted',
  ParatiiAvatar_Refused: 'transaction-failed',
  ParatiiAvatar_TooLittleEther: 'balance-too-low',
  ParatiiToken_BadSignature: 'signature-invalid',
  ParatiiToken_Expired: 'order-expired',
  ParatiiToken_OwnsTokens: 'not-permitted',
  PaymentChannels_BadBalance: 'payment-goes-down',
  PaymentChannels_BadData: 'order-mismatch',
  PaymentChannels_BadDeposit: 'terms-invalid',
  PaymentChannels_BadRoute: 'order-mismatch',
  PaymentChannels_BadSignature: 'signature-invalid',
  PaymentChannels_Closing: 'channel-ended',
  PaymentChannels_Ended: 'channel-ended',
  PaymentChannels_Exists: 'bid-used',
  PaymentChannels_Expired: 'bid-expired',
  PaymentChannels_NotAllowed: 'not-permitted',
  PaymentChannels_NotEnded: 'purchase-open',
  PaymentChannels_NotOpen: 'channel-unknown',
  PaymentChannels_Stale: 'payment-goes-down',
  SafeCastOverflowedUintDowncast: 'transaction-failed',
  SafeERC20FailedOperation: 'transaction-failed',
  SendEther_Refused: 'transaction-failed',
  StringTooLong: 'transaction-failed',
  UserRegistry_BadKey: 'document-malformed',
  UserRegistry_BadSignature: 'signature-invalid',
  UserRegistry_Expired: 'order-expired',
  UserRegistry_Revoked: 'not-permitted',
  UserRegistry_TooMany: 'document-malformed',
  VideoRegistry_BadFormat: 'terms-invalid',
  VideoRegistry_BadFormatCount: 'terms-invalid',
  VideoRegistry_BadKey: 'document-malformed',
  VideoRegistry_BadSignature: 'signature-invalid',
  VideoRegistry_BadTtl: 'terms-invalid',
  VideoRegistry_Exists: 'order-used',
  VideoRegistry_Expired: 'order-expired',
  VideoRegistry_NotAllowed: 'not-permitted',
  VideoRegistry_UnknownFormat: 'format-unknown',
  VideoRegistry_UnknownVideo: 'video-unknown',
  VideoStore_AlreadyReclaimed: 'purchase-ended',
  VideoStore_BadAllotments: 'allotment-exceeds-capacity',
  VideoStore_BadData: 'order-mismatch',
  VideoStore_BadNodeSignature: 'signature-invalid',
  VideoStore_BadTtl: 'order-mismatch',
  VideoStore_BadWalletSignature: 'signature-invalid',
  VideoStore_Closing: 'purchase-ended',
  VideoStore_Exists: 'order-used',
  VideoStore_NotAllowed: 'not-permitted',
  VideoStore_NotEnded: 'purchase-open',
  VideoStore_NotOwned: 'not-permitted',
  VideoStore_OrderExpired: 'order-expired',
  VideoStore_Proposed: 'purchase-open',
  VideoStore_TermsChanged: 'terms-changed',
  VideoStore_UnknownPurchase: 'purchase-unknown',
}

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
const errors = abis.flatMap(abi =>
  new Interface(abi).fragments.filter((fragment): fragment is ErrorFragment => fragment.type === 'error'),
)
const namesBySelector = new Map(errors.map(({ selector, name }) => [selector, name]))

/** All custom errors of all contracts, each with its code; `undefined` is a gap. */
export const listContractErrors = (): readonly (readonly [name: string, code: ErrorCode | undefined])[] =>
  [...new Set([...errors.map(({ name }) => name), ...Object.keys(codes)])].map(name => [name, codes[name]])

/**
 * What a call or transaction failed with, as precisely as revert data says: the code that belongs to the contract's
 * custom error, whose name is in `details.error`. Anything else is returned as it is.
 */
export const decodeContractError = (thrown: unknown): unknown => {
  if (!(thrown instanceof ParatiiError) || thrown.code !== 'transaction-failed') return thrown
  const data = thrown.details.data
  const name = typeof data === 'string' ? namesBySelector.get(data.slice(0, 10)) : undefined
  if (name === undefined) return thrown
  return new ParatiiError(codes[name] ?? 'fault', { error: name }, thrown)
}
