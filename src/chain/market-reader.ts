import { Interface } from 'ethers'
import * as v from 'valibot'
import type { ChannelRoute } from '#protocol/balance-proof.ts'
import type { Schema } from '#protocol/fields.ts'
import { type VoteChoice, voteChoices } from '#protocol/vote.ts'
import type { Address, Hash, VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import type { ContractAddresses } from './addresses.ts'
import { campaignsAbi } from './bindings/campaigns.ts'
import { paymentChannelsAbi } from './bindings/payment-channels.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import {
  addressValue,
  booleanValue,
  callContract,
  hashValue,
  type Log,
  numberValue,
  weiValue,
} from './call.ts'
import { listLogs } from './logs.ts'

/** A campaign as the contract has it; amounts in units of 10^-6 PTI. */
export type CampaignState = {
  readonly advertiser: Address
  /** Unix seconds. */
  readonly end: number
  readonly depth: number
  readonly affiliateBps: number
  readonly reclaimed: boolean
  readonly signer: Address
  readonly maxPerViewer: number
  readonly deposit: number
  readonly affiliate: Address
  readonly allotted: number
  readonly paid: number
}

/** A campaign as it was opened. */
export type CampaignCreated = {
  readonly campaign: Hash
  readonly advertiser: Address
  readonly video: VideoId
  readonly end: number
}

/** A lane of channels as the contract has it. */
export type ChannelState = {
  readonly id: Hash
  readonly depositWei: bigint
  readonly withdrawnWei: bigint
  /** Unix seconds; 0 until a close is asked for. */
  readonly end: number
}

export type VoteTotals = { readonly up: number; readonly down: number }

/** What the market asks of the chain. Each answer is of the latest block. */
export type MarketReader = {
  /** `undefined` if it is not on the chain (any more). */
  campaign(campaign: Hash, signal?: AbortSignal): Promise<CampaignState | undefined>
  /** Campaigns of an advertiser, or all, oldest first. */
  campaigns(
    advertiser?: Address,
    signal?: AbortSignal,
  ): Promise<readonly (CampaignCreated & { readonly log: Log })[]>
  /** The root words of a campaign's batches. */
  batches(campaign: Hash, signal?: AbortSignal): Promise<readonly Hash[]>
  /** Units that a leaf was paid. */
  paidUnits(campaign: Hash, leaf: number, signal?: AbortSignal): Promise<number>
  /** `undefined` where none is open. */
  channel(route: ChannelRoute, signal?: AbortSignal): Promise<ChannelState | undefined>
  votesOf(video: VideoId, signal?: AbortSignal): Promise<VoteTotals>
  voteOf(user: Address, video: VideoId, signal?: AbortSignal): Promise<VoteChoice>
}

export const createMarketReader = (addresses: ContractAddresses, rpc: JsonRpc): MarketReader => {
  const campaigns = { address: addresses.campaigns, abi: new Interface(campaignsAbi) }
  const channels = { address: addresses.paymentChannels, abi: new Interface(paymentChannelsAbi) }
  const users = { address: addresses.userRegistry, abi: new Interface(userRegistryAbi) }
  return {
    async campaign(campaign, signal) {
      try {
        return await callContract(rpc, campaigns, 'campaignOf', [campaign], campaignValue, signal)
      } catch (thrown) {
        if (thrown instanceof ParatiiError && thrown.code === 'campaign-unknown') return undefined
        throw thrown
      }
    },
    campaigns: (advertiser, signal) =>
      listLogs(
        rpc,
        campaigns,
        { event: 'CampaignCreated', indexed: [null, advertiser ?? null], fromBlock: 0 },
        createdValue,
        signal,
      ),
    batches: (campaign, signal) =>
      callContract(rpc, campaigns, 'batchesOf', [campaign], v.array(hashValue), signal),
    paidUnits: (campaign, leaf, signal) =>
      callContract(rpc, campaigns, 'paidUnits', [campaign, leaf], numberValue, signal),
    async channel(route, signal) {
      const { depositWei, ...channel } = await callContract(
        rpc,
        channels,
        'channelOf',
        [route],
        channelValue,
        signal,
      )
      return depositWei === 0n ? undefined : { depositWei, ...channel }
    },
    votesOf: (video, signal) => callContract(rpc, users, 'votesOf', [video], totalsValue, signal),
    voteOf: async (user, video, signal) => {
      // The contract answers with two values; the first is the choice.
      const choice = await callContract(rpc, users, 'voteOf', [user, video], numberValue, signal)
      return voteChoices[choice] ?? 'none'
    },
  }
}

const campaignValue: Schema<CampaignState> = v.pipe(
  v.strictTuple([
    addressValue,
    numberValue,
    numberValue,
    numberValue,
    booleanValue,
    addressValue,
    numberValue,
    numberValue,
    addressValue,
    numberValue,
    numberValue,
  ]),
  v.transform(
    ([
      advertiser,
      end,
      depth,
      affiliateBps,
      reclaimed,
      signer,
      maxPerViewer,
      deposit,
      affiliate,
      allotted,
      paid,
    ]) => ({
      advertiser,
      end,
      depth,
      affiliateBps,
      reclaimed,
      signer,
      maxPerViewer,
      deposit,
      affiliate,
      allotted,
      paid,
    }),
  ),
)

const createdValue: Schema<CampaignCreated> = v.pipe(
  v.looseTuple([hashValue, addressValue, hashValue, addressValue, numberValue, numberValue, numberValue]),
  v.transform(([campaign, advertiser, video, , , , end]) => ({
    campaign,
    advertiser,
    video: video as Hash as VideoId,
    end,
  })),
)

const channelValue: Schema<ChannelState> = v.pipe(
  v.strictTuple([hashValue, numberValue, weiValue, weiValue, numberValue]),
  v.transform(([id, , depositWei, withdrawnWei, end]) => ({ id, depositWei, withdrawnWei, end })),
)

const totalsValue: Schema<VoteTotals> = v.pipe(
  v.strictTuple([numberValue, numberValue]),
  v.transform(([up, down]) => ({ up, down })),
)
