import { Interface } from 'ethers'
import * as v from 'valibot'
import type { ViewerProfile } from '#market/viewer-profile.ts'
import { campaignUnitWei } from '#protocol/campaign.ts'
import type { Address } from '#std/brand.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import type { ContractAddresses } from './addresses.ts'
import { campaignsAbi } from './bindings/campaigns.ts'
import { paymentChannelsAbi } from './bindings/payment-channels.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { addressValue, callContract, hashValue, numberValue, quantity, weiValue } from './call.ts'
import { listLogs } from './logs.ts'

/**
 * What the chain shows everybody of an account: what it was paid for attention, what it paid by the second, how it voted,
 * and since when. Purchases are not looked at: several of them hide their buyer.
 */
export const readProfile = async (
  rpc: JsonRpc,
  addresses: ContractAddresses,
  account: Address,
  signal?: AbortSignal,
): Promise<ViewerProfile> => {
  const campaigns = { address: addresses.campaigns, abi: new Interface(campaignsAbi) }
  const channels = { address: addresses.paymentChannels, abi: new Interface(paymentChannelsAbi) }
  const users = { address: addresses.userRegistry, abi: new Interface(userRegistryAbi) }
  const [paid, opened, settled, seconds, votes] = await Promise.all([
    listLogs(
      rpc,
      campaigns,
      { event: 'AttentionPaid', indexed: [null, null, account], fromBlock: 0 },
      paidValue,
      signal,
    ),
    listLogs(
      rpc,
      channels,
      { event: 'ChannelCreated', indexed: [null, account], fromBlock: 0 },
      channelValue,
      signal,
    ),
    listLogs(rpc, channels, { event: 'ChannelSettled', indexed: [], fromBlock: 0 }, settledValue, signal),
    listLogs(rpc, channels, { event: 'SecondsPaid', indexed: [], fromBlock: 0 }, secondsValue, signal),
    callContract(rpc, users, 'votesBy', [account], totalsValue, signal),
  ])
  const mine = new Set(opened.map(({ channel }) => channel))
  // Each log has what its leaf earned in all: the last one counts.
  const units = new Map(paid.map(({ campaign, leaf, units }) => [`${campaign}/${leaf}`, units]))
  const blocks = [...paid, ...opened].map(({ log }) => log.blockNumber)
  return {
    since: blocks.length === 0 ? undefined : await timeOf(rpc, Math.min(...blocks), signal),
    paidSeconds: seconds
      .filter(({ channel }) => mine.has(channel))
      .reduce((sum, { paidSeconds }) => sum + paidSeconds, 0),
    spentWei: settled
      .filter(({ channel }) => mine.has(channel))
      .reduce((sum, { balanceWei }) => sum + balanceWei, 0n),
    earnedWei: [...units.values()].reduce((sum, one) => sum + BigInt(one) * campaignUnitWei, 0n),
    campaigns: new Set(paid.map(({ campaign }) => campaign)).size,
    ...votes,
  }
}

const timeOf = async (rpc: JsonRpc, block: number, signal?: AbortSignal): Promise<number> => {
  const answer = await rpc.request('eth_getBlockByNumber', [quantity(block), false], signal)
  return Number(v.parse(v.object({ timestamp: v.string() }), answer).timestamp)
}

const paidValue = v.pipe(
  v.strictTuple([hashValue, addressValue, addressValue, numberValue, numberValue]),
  v.transform(([campaign, , , leaf, units]) => ({ campaign, leaf, units })),
)
const channelValue = v.pipe(
  v.looseTuple([hashValue]),
  v.transform(([channel]) => ({ channel })),
)
const settledValue = v.pipe(
  v.strictTuple([hashValue, weiValue, weiValue]),
  v.transform(([channel, balanceWei]) => ({ channel, balanceWei })),
)
const secondsValue = v.pipe(
  v.strictTuple([hashValue, numberValue]),
  v.transform(([channel, paidSeconds]) => ({ channel, paidSeconds })),
)
const totalsValue = v.pipe(
  v.strictTuple([numberValue, numberValue]),
  v.transform(([votesUp, votesDown]) => ({ votesUp, votesDown })),
)
