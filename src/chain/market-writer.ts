import { AbiCoder, Interface } from 'ethers'
import * as v from 'valibot'
import type { Acceptance } from '#protocol/acceptance.ts'
import type { BalanceProof, ChannelRoute } from '#protocol/balance-proof.ts'
import {
  type CampaignPlan,
  type CampaignProof,
  campaignUnitWei,
  createCampaignStruct,
  type ViewerAllotment,
} from '#protocol/campaign.ts'
import { formatWord, rootFromCid } from '#protocol/terms.ts'
import { type Vote, voteChoices } from '#protocol/vote.ts'
import type { Hash, Hex, Signature } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { ContractAddresses } from './addresses.ts'
import { campaignsAbi } from './bindings/campaigns.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { paymentChannelsAbi } from './bindings/payment-channels.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { hashValue, parseLog } from './call.ts'
import type { MinedTransaction, Sender } from './sender.ts'
import { signatureArgument } from './settlement.ts'

/** What a viewer earned in one leaf, with all that the contract must be shown. */
export type CampaignClaim = {
  readonly allotment: ViewerAllotment
  readonly siblings: readonly Hash[]
  readonly proof: CampaignProof
}

/** What the market does on chain. Each call waits until it is mined; see {@link Sender.send} for errors. */
export type MarketWriter = {
  /** Opens a campaign of the sender with its deposit, in one transaction. */
  createCampaign(plan: CampaignPlan, signal?: AbortSignal): Promise<MinedTransaction>
  /** Promises a batch of viewers their parts. For the campaign's signer or advertiser. */
  allot(campaign: Hash, allotments: Hash, signal?: AbortSignal): Promise<MinedTransaction>
  /** Pays viewers of one campaign what their proofs newly earn. Anybody may. */
  settleCampaign(
    campaign: Hash,
    claims: readonly CampaignClaim[],
    signal?: AbortSignal,
  ): Promise<MinedTransaction>
  /** Returns to the advertiser what nobody earned, a period after the end. Anybody may. */
  reclaimCampaign(campaign: Hash, signal?: AbortSignal): Promise<MinedTransaction>
  /** Opens the channel of an acceptance with tokens that the payer authorized. Anybody may. */
  openChannel(
    acceptance: Acceptance,
    payee: Signature,
    opening: { readonly validBefore: number; readonly signature: Signature },
    signal?: AbortSignal,
  ): Promise<Hash>
  /** Ends a channel of which the sender is the payee: the proof, if there is one, is paid, the rest returns. */
  closeChannel(
    route: ChannelRoute,
    proof: BalanceProof | undefined,
    signal?: AbortSignal,
  ): Promise<MinedTransaction>
  /** Ends a channel for its payer alone: what is conceded is paid, newer proofs count for a period. Anybody may. */
  requestChannelClose(
    route: ChannelRoute,
    balance: bigint,
    signature: Signature,
    signal?: AbortSignal,
  ): Promise<MinedTransaction>
  /** Returns to the payer what nobody proved, once the period is over. Anybody may. */
  settleChannel(route: ChannelRoute, signal?: AbortSignal): Promise<MinedTransaction>
  /** Casts votes that their users signed; those that are old or expired change nothing. */
  castVotes(votes: readonly Vote[], signal?: AbortSignal): Promise<MinedTransaction>
}

const interfaces = {
  token: new Interface(paratiiTokenAbi),
  campaigns: new Interface(campaignsAbi),
  paymentChannels: new Interface(paymentChannelsAbi),
  userRegistry: new Interface(userRegistryAbi),
} as const

/** What a close without a payment shows: the contract does not look at a proof of nothing. */
const noSignature = { r: `0x${'00'.repeat(32)}`, vs: `0x${'00'.repeat(32)}` }

export const createMarketWriter = (addresses: ContractAddresses, sender: Sender): MarketWriter => {
  const send = (
    name: keyof typeof interfaces,
    method: string,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<MinedTransaction> => {
    const data = interfaces[name].encodeFunctionData(method, args) as Hex
    return sender.send({ to: addresses[name], data }, signal)
  }
  const channels = { address: addresses.paymentChannels, abi: interfaces.paymentChannels }
  return {
    createCampaign(plan, signal) {
      const fields = createCampaignStruct.fields
      const names = Object.keys(fields) as (keyof typeof fields)[]
      const data = AbiCoder.defaultAbiCoder().encode(
        names.map(name => fields[name]),
        names.map(name => plan[name]),
      )
      const deposit = BigInt(plan.deposit) * campaignUnitWei
      return send(
        'token',
        'transferAndCall(address,uint256,bytes)',
        [addresses.campaigns, deposit, data],
        signal,
      )
    },
    allot: (campaign, allotments, signal) =>
      send('campaigns', 'allot', [campaign, allotments, noSignature], signal),
    settleCampaign: (campaign, claims, signal) =>
      send('campaigns', 'settle', [campaign, claims.map(claimArgument)], signal),
    reclaimCampaign: (campaign, signal) => send('campaigns', 'reclaim', [campaign], signal),
    async openChannel(acceptance, payee, { validBefore, signature }, signal) {
      const transaction = await send(
        'paymentChannels',
        'openWithTermsByAuthorization',
        [acceptanceArgument(acceptance), signatureArgument(payee), validBefore, signatureArgument(signature)],
        signal,
      )
      if (!transaction.logs.some(log => parseLog(channels, 'TermsAccepted', log, v.looseTuple([hashValue]))))
        throw new ParatiiError('chain-mismatch', { missing: 'TermsAccepted' })
      return transaction.hash
    },
    closeChannel: (route, proof, signal) =>
      send(
        'paymentChannels',
        'cooperativeClose',
        [
          route,
          proof?.balance ?? 0n,
          proof === undefined ? noSignature : signatureArgument(proof.signature),
          noSignature,
        ],
        signal,
      ),
    requestChannelClose: (route, balance, signature, signal) =>
      send(
        'paymentChannels',
        'uncooperativeCloseBySignature',
        [route, balance, signatureArgument(signature)],
        signal,
      ),
    settleChannel: (route, signal) => send('paymentChannels', 'settle', [route], signal),
    castVotes: (votes, signal) =>
      send(
        'userRegistry',
        'voteBySignatures',
        [
          votes.map(({ choice, signature, ...vote }) => ({
            ...vote,
            choice: voteChoices.indexOf(choice),
            signature: signatureArgument(signature),
          })),
        ],
        signal,
      ),
  }
}

const claimArgument = ({ allotment, siblings, proof }: CampaignClaim) => ({
  ...allotment,
  leaf: proof.leaf,
  balance: proof.balance,
  signature: signatureArgument(proof.signature),
  siblings: [...siblings],
})

const acceptanceArgument = ({ format, address, ...rest }: Acceptance) => ({
  ...rest,
  format: formatWord(format),
  root: rootFromCid(address),
})
