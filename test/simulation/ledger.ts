import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import type { CampaignClaim } from '#chain/market-writer.ts'
import { type Acceptance, depositOf, laneOfAcceptance, verifyAcceptance } from '#protocol/acceptance.ts'
import { sumOfWord } from '#protocol/allotment.ts'
import { type BalanceProof, channelIdOf, verifyBalanceProof } from '#protocol/balance-proof.ts'
import {
  batchRootOf,
  type CampaignPlan,
  campaignIdOf,
  campaignUnitWei,
  verifyCampaignProof,
} from '#protocol/campaign.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Address, Hash, Signature } from '#std/brand.ts'

const contractOf = (n: number) => paratiiDomain(31337, `0x${n.toString(16).padStart(40, '0')}` as Address)
export const campaignsDomain = contractOf(1)
export const channelsDomain = contractOf(2)

type HeldCampaign = {
  readonly plan: CampaignPlan
  readonly batches: Hash[]
  allotted: number
  paid: number
  readonly paidOf: Map<number, number>
}
type HeldChannel = { readonly acceptance: Acceptance; readonly depositWei: bigint }

/**
 * Tokens, campaigns and channels as the contracts keep them, in memory: everything that a contract checks before it pays
 * is checked here by the protocol's own code. Throws where the contract would revert.
 */
export class Ledger {
  readonly #balances = new Map<Address, bigint>()
  readonly campaigns = new Map<Hash, HeldCampaign>()
  readonly #channels = new Map<Hash, HeldChannel>()
  readonly #used = new Set<Hash>()
  /** What each channel that was closed has paid. */
  readonly closed = new Map<Hash, bigint>()

  balanceWei(account: Address): bigint {
    return this.#balances.get(account) ?? 0n
  }

  mint(account: Address, amountWei: bigint): void {
    this.#add(account, amountWei)
  }

  /** All tokens there are, wherever they lie. */
  totalWei(): bigint {
    let total = 0n
    for (const balance of this.#balances.values()) total += balance
    for (const { plan, paid } of this.campaigns.values())
      total += BigInt(plan.deposit - paid) * campaignUnitWei
    for (const { depositWei } of this.#channels.values()) total += depositWei
    return total
  }

  get openChannels(): number {
    return this.#channels.size
  }

  createCampaign(plan: CampaignPlan): Hash {
    const campaign = campaignIdOf(campaignsDomain, plan)
    if (this.campaigns.has(campaign)) throw new Error('campaign exists')
    this.#add(plan.advertiser, -BigInt(plan.deposit) * campaignUnitWei)
    this.campaigns.set(campaign, { plan, batches: [], allotted: 0, paid: 0, paidOf: new Map() })
    return campaign
  }

  allot(campaign: Hash, root: Hash): void {
    const held = this.#campaign(campaign)
    const allotted = held.allotted + sumOfWord(root)
    if (allotted > held.plan.deposit) throw new Error('more is allotted than was deposited')
    held.allotted = allotted
    held.batches.push(root)
  }

  settleCampaign(campaign: Hash, claims: readonly CampaignClaim[]): void {
    const held = this.#campaign(campaign)
    for (const { allotment, proof, siblings } of claims) {
      if (!verifyCampaignProof(crypto, campaignsDomain, proof, held.plan.signer).ok)
        throw new Error('bad proof')
      const root = batchRootOf(allotment, proof.leaf, siblings)
      if (root !== held.batches[Math.floor(proof.leaf / 2 ** held.plan.depth)]) throw new Error('bad branch')
      const before = held.paidOf.get(proof.leaf) ?? 0
      const units = Math.min(Number(proof.balance / campaignUnitWei), allotment.cap, held.plan.maxPerViewer)
      if (units <= before) continue
      held.paidOf.set(proof.leaf, units)
      held.paid += units - before
      this.#add(allotment.payout, BigInt(units - before) * campaignUnitWei)
    }
  }

  reclaim(campaign: Hash): void {
    const held = this.#campaign(campaign)
    this.campaigns.delete(campaign)
    this.#add(held.plan.advertiser, BigInt(held.plan.deposit - held.paid) * campaignUnitWei)
  }

  openChannel(acceptance: Acceptance, yes: Signature): Hash {
    if (!verifyAcceptance(crypto, channelsDomain, acceptance, yes).ok) throw new Error('bad acceptance')
    const channel = channelIdOf({ ...acceptance, lane: laneOfAcceptance(channelsDomain, acceptance) })
    if (this.#used.has(channel)) throw new Error('acceptance used')
    const depositWei = depositOf(acceptance)
    this.#add(acceptance.payer, -depositWei)
    this.#used.add(channel)
    this.#channels.set(channel, { acceptance, depositWei })
    return channel
  }

  closeChannel(channel: Hash, proof: BalanceProof | undefined): void {
    const held = this.#channels.get(channel)
    if (held === undefined) throw new Error('no such channel')
    const { acceptance, depositWei } = held
    if (proof !== undefined && !verifyBalanceProof(crypto, channelsDomain, proof, acceptance.signer).ok)
      throw new Error('bad proof')
    const paidWei = proof?.balance ?? 0n
    if (paidWei > depositWei) throw new Error('more is proven than was deposited')
    this.#channels.delete(channel)
    this.closed.set(channel, paidWei)
    this.#add(acceptance.payee, paidWei)
    this.#add(acceptance.payer, depositWei - paidWei)
  }

  #campaign(campaign: Hash): HeldCampaign {
    const held = this.campaigns.get(campaign)
    if (held === undefined) throw new Error('no such campaign')
    return held
  }

  #add(account: Address, amountWei: bigint): void {
    const balance = this.balanceWei(account) + amountWei
    if (balance < 0n) throw new Error('balance too low')
    this.#balances.set(account, balance)
  }
}
