import { Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMarketReader, type MarketReader } from '#chain/market-reader.ts'
import { type CampaignClaim, createMarketWriter, type MarketWriter } from '#chain/market-writer.ts'
import { createSender } from '#chain/sender.ts'
import {
  type Acceptance,
  depositOf,
  digestOpening,
  laneOfAcceptance,
  signAcceptance,
} from '#protocol/acceptance.ts'
import { channelIdOf, signBalanceProof } from '#protocol/balance-proof.ts'
import {
  buildCampaignBatch,
  type CampaignPlan,
  campaignIdOf,
  campaignUnitWei,
  signCampaignProof,
} from '#protocol/campaign.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { hashFromBytes, keccak256 } from '#protocol/hash.ts'
import { signCompact } from '#protocol/signature.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import { signVote } from '#protocol/vote.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, Hash, VideoId } from '#std/brand.ts'
import { bytesFromUtf8, hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { type Actor, actorOf, cmaf, crypto, noAffiliate, startChain } from './chain-fixture.ts'

const periodSeconds = 20
const hashOf = (text: string) => hashFromBytes(keccak256(bytesFromUtf8(text))) as Hash
const advertiser = actorOf('advertiser')
const signer = actorOf('campaign signer')
const owner = actorOf('owner')
const viewers = ['a', 'b', 'c'].map(name => actorOf(`market viewer ${name}`))
const video = hashOf('a video') as VideoId

let started: Awaited<ReturnType<typeof startChain>>
let reader: MarketReader
let campaigns: TypedDomain
let channels: TypedDomain
let users: TypedDomain

const writerOf = async (actor: Actor): Promise<MarketWriter> => {
  await started.chain.faucet(actor.address, 0n, 10n ** 18n)
  const wallet = new Wallet(hexFromBytes(actor.secretKey))
  return createMarketWriter(started.addresses, createSender(started.rpc, started.chain.chainId, wallet))
}
const balanceOf = (address: Address) => started.reader.balanceWei(address)
const nowSeconds = async () => (await started.reader.head()).timestampSeconds
const warp = async (seconds: number) => {
  await started.rpc.request('evm_increaseTime', [seconds])
  await started.rpc.request('evm_mine', [])
}

beforeAll(async () => {
  started = await startChain(periodSeconds)
  reader = createMarketReader(started.addresses, started.rpc)
  const domain = (address: Address) => paratiiDomain(started.chain.chainId, address)
  campaigns = domain(started.addresses.campaigns)
  channels = domain(started.addresses.paymentChannels)
  users = domain(started.addresses.userRegistry)
})

afterAll(() => started?.chain.stop())

const planOf = async (change: Partial<CampaignPlan> = {}): Promise<CampaignPlan> => ({
  advertiser: advertiser.address,
  signer: signer.address,
  video,
  deposit: 1000,
  maxPerViewer: 400,
  end: (await nowSeconds()) + 600,
  depth: 2,
  affiliate: noAffiliate,
  affiliateBps: 0,
  salt: hashOf('salt'),
  ...change,
})

describe('a campaign on the chain', () => {
  it('pays each viewer what was proven, the site its part, and returns the rest to the last unit', async () => {
    await started.chain.faucet(advertiser.address, weiPerPti)
    const before = await balanceOf(advertiser.address)
    const writer = await writerOf(advertiser)
    const site = actorOf('site').address
    const plan = await planOf({ affiliate: site, affiliateBps: 1000 })
    const campaign = campaignIdOf(campaigns, plan)
    expect(await reader.campaign(campaign)).toBeUndefined()
    await writer.createCampaign(plan)
    expect(await reader.campaign(campaign)).toMatchObject({
      deposit: 1000,
      allotted: 0,
      signer: signer.address,
    })
    expect(await reader.campaigns(advertiser.address)).toMatchObject([{ campaign, video, end: plan.end }])

    const allotments = viewers.map(({ address }, i) => ({ viewer: address, payout: address, cap: 300 + i }))
    const batch = orThrow(buildCampaignBatch(allotments, 0, plan.depth))
    await writer.allot(campaign, batch.allotments)
    expect(await reader.batches(campaign)).toEqual([batch.allotments])
    const more = buildCampaignBatch(allotments.slice(0, 1), 1, plan.depth)
    await expect(writer.allot(campaign, orThrow(more).allotments)).rejects.toMatchObject({
      code: 'campaign-exhausted',
    })

    const claims = [250n, 301n, 999n].map((units, i): CampaignClaim => {
      const allotment = allotments[i]
      const place = batch.places[i]
      if (allotment === undefined || place === undefined) throw new Error('no place')
      const draft = { campaign, leaf: place.leaf, balance: units * campaignUnitWei + 7n }
      const proof = signCampaignProof(crypto, campaigns, draft, signer.secretKey)
      return { allotment, siblings: place.siblings, proof }
    })
    const anybody = await writerOf(actorOf('anybody'))
    await anybody.settleCampaign(campaign, claims.slice(0, 2))
    await anybody.settleCampaign(campaign, claims)
    const paid = [250n, 301n, 302n]
    for (const [i, units] of paid.entries()) {
      expect(await reader.paidUnits(campaign, i)).toBe(Number(units))
      expect(await balanceOf(viewers[i]?.address ?? noAffiliate)).toBe((units * campaignUnitWei * 9n) / 10n)
    }
    const total = paid.reduce((sum, units) => sum + units, 0n) * campaignUnitWei
    expect(await balanceOf(site)).toBe(total / 10n)
    await warp(600 + periodSeconds)
    await anybody.reclaimCampaign(campaign)
    expect(await balanceOf(advertiser.address)).toBe(before - total)
    expect(await balanceOf(started.addresses.campaigns)).toBe(0n)
  })
})

describe('a channel by the second on the chain', () => {
  it('opens by authorization, pays the last proof, and returns the rest at once', async () => {
    const payer = actorOf('second payer')
    const node = actorOf('second node')
    await started.chain.faucet(payer.address, weiPerPti)
    const acceptance: Acceptance = {
      bid: hashOf('bid'),
      payer: payer.address,
      payee: owner.address,
      signer: node.address,
      video,
      format: cmaf,
      address: cidFromDigest('dag-pb', keccak256(bytesFromUtf8('root'))),
      rate: 10n ** 14n,
      chunkSeconds: 4,
      length: 60,
      validUntil: (await nowSeconds()) + 600,
    }
    const yes = signAcceptance(crypto, channels, acceptance, owner.secretKey)
    const validBefore = acceptance.validUntil
    const digest = digestOpening(channels, started.addresses.token, acceptance, validBefore)
    const opening = { validBefore, signature: signCompact(crypto, digest, payer.secretKey) }
    const writer = await writerOf(owner)
    await writer.openChannel(acceptance, yes, opening)
    const route = { ...acceptance, lane: laneOfAcceptance(channels, acceptance) }
    const channel = channelIdOf(route)
    expect(await reader.channel(route)).toEqual({
      id: channel,
      depositWei: depositOf(acceptance),
      withdrawnWei: 0n,
      end: 0,
    })
    await expect(writer.openChannel(acceptance, yes, opening)).rejects.toMatchObject({ code: 'bid-used' })
    const balance = 12n * acceptance.rate
    const proof = signBalanceProof(crypto, channels, { channel, balance }, node.secretKey)
    await writer.closeChannel(route, proof)
    expect(await reader.channel(route)).toBeUndefined()
    expect(await balanceOf(owner.address)).toBe(balance)
    expect(await balanceOf(payer.address)).toBe(weiPerPti - balance)
  })
})

describe('votes on the chain', () => {
  it('are cast for their users, changed and withdrawn, and skipped when old', async () => {
    const writer = await writerOf(owner)
    const deadline = (await nowSeconds()) + 600
    const vote = (at: number, choice: 'up' | 'down' | 'none', sequence: number) => {
      const viewer = viewers[at] ?? owner
      return signVote(
        crypto,
        users,
        { user: viewer.address, video, choice, sequence, deadline },
        viewer.secretKey,
      )
    }
    await writer.castVotes([vote(0, 'up', 1), vote(1, 'down', 1), vote(2, 'up', 1)])
    expect(await reader.votesOf(video)).toEqual({ up: 2, down: 1 })
    await writer.castVotes([vote(0, 'none', 2), vote(2, 'down', 2), vote(2, 'up', 1)])
    expect(await reader.votesOf(video)).toEqual({ up: 0, down: 2 })
    expect(await reader.voteOf(viewers[2]?.address ?? owner.address, video)).toBe('down')
    expect(await reader.voteOf(viewers[0]?.address ?? owner.address, video)).toBe('none')
  })
})
