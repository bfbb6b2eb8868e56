import type { CampaignClaim } from '#chain/market-writer.ts'
import { unansweredWei } from '#market/attention-source.ts'
import { campaignUnitWei, signCampaignProof } from '#protocol/campaign.ts'
import { addressOf } from '#protocol/signature.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Hash } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { listLeaves, type StoredLeaf } from './bid-records.ts'
import { isStopped, listCampaigns, type StoredCampaign } from './campaign-records.ts'
import { countOf } from './opening.ts'
import type { CampaignPorts } from './ports.ts'

/** Proofs in one transaction. */
const mostProofs = 100

/**
 * Pays on the chain what was promised to viewers and is not paid there: for them, who may have no ether. A viewer needs
 * none of this: it holds the same proofs, and anybody may send them. `isRunning`: leave out who still watches.
 */
export const settleCampaigns = async (
  ports: CampaignPorts,
  isRunning: (leaf: StoredLeaf) => boolean = () => false,
  signal?: AbortSignal,
): Promise<void> => {
  const { market, marketWriter, notice, reader, records } = ports
  const head = await reader.head(signal)
  for (const { campaign, plan } of await listCampaigns(records)) {
    const state = await market.campaign(campaign, signal)
    if (state === undefined || state.reclaimed) continue
    const period = await reader.periodSeconds(signal)
    if (head.timestampSeconds >= plan.end + period) {
      const { hash } = await marketWriter.reclaimCampaign(campaign, signal)
      notice('campaign-reclaimed', { campaign, transaction: hash })
      continue
    }
    const claims = await unpaidClaims(ports, campaign, isRunning, signal)
    for (let at = 0; at < claims.length; at += mostProofs) {
      const page = claims.slice(at, at + mostProofs)
      const { hash } = await marketWriter.settleCampaign(campaign, page, signal)
      notice('campaign-settled', { campaign, proofs: page.length, transaction: hash })
    }
  }
}

const unpaidClaims = async (
  { config, crypto, market, nodeKey, reader, records }: CampaignPorts,
  campaign: Hash,
  isRunning: (leaf: StoredLeaf) => boolean,
  signal?: AbortSignal,
): Promise<readonly CampaignClaim[]> => {
  const domain = paratiiDomain(config.chainId, (await reader.addresses(signal)).campaigns)
  const claims: CampaignClaim[] = []
  for (const leaf of await listLeaves(records, campaign)) {
    const units = Number(leaf.source.promisedWei / campaignUnitWei)
    if (units === 0 || isRunning(leaf)) continue
    if ((await market.paidUnits(campaign, leaf.leaf, signal)) >= units) continue
    const viewer = addressOf(crypto, leaf.viewer)
    if (viewer === undefined) throw new ParatiiError('store-failed', { leaf: leaf.leaf })
    const draft = { campaign, leaf: leaf.leaf, balance: leaf.source.promisedWei }
    claims.push({
      allotment: { viewer, payout: leaf.payee, cap: leaf.units },
      siblings: leaf.siblings,
      proof: signCampaignProof(crypto, domain, draft, nodeKey),
    })
  }
  return claims
}

/** A campaign in figures; amounts in base units. */
export type CampaignStats = {
  readonly campaign: Hash
  readonly video: string
  readonly state: 'absent' | 'open' | 'stopped' | 'ended' | 'reclaimed'
  readonly end: number
  readonly depositWei: bigint
  readonly allottedWei: bigint
  readonly promisedWei: bigint
  readonly paidWei: bigint
  /** Promised for chunks without a good answer. */
  readonly lostWei: bigint
  readonly viewings: number
  readonly finished: number
  /** Bids of the last 200, and how many of them were taken. */
  readonly bids: number
  readonly won: number
}

/** What became of the campaigns, by records and chain. */
export const readCampaignStats = async (
  ports: Pick<CampaignPorts, 'market' | 'reader' | 'records'>,
  signal?: AbortSignal,
): Promise<readonly CampaignStats[]> => {
  const head = await ports.reader.head(signal)
  return Promise.all(
    (await listCampaigns(ports.records)).map(stored => statsOf(ports, stored, head.timestampSeconds, signal)),
  )
}

const statsOf = async (
  ports: Pick<CampaignPorts, 'market' | 'records'>,
  stored: StoredCampaign,
  nowSeconds: number,
  signal?: AbortSignal,
): Promise<CampaignStats> => {
  const { campaign, plan } = stored
  const [onChain, leaves, count, stopped] = await Promise.all([
    ports.market.campaign(campaign, signal),
    listLeaves(ports.records, campaign),
    countOf(ports, stored),
    isStopped(ports.records, campaign),
  ])
  const state = () => {
    if (onChain === undefined) return 'absent'
    if (onChain.reclaimed) return 'reclaimed'
    if (nowSeconds >= plan.end) return 'ended'
    return stopped ? 'stopped' : 'open'
  }
  return {
    campaign,
    video: plan.video,
    state: state(),
    end: plan.end,
    depositWei: BigInt(onChain?.deposit ?? 0) * campaignUnitWei,
    allottedWei: BigInt(onChain?.allotted ?? 0) * campaignUnitWei,
    promisedWei: leaves.reduce((sum, { source }) => sum + source.promisedWei, 0n),
    paidWei: BigInt(onChain?.paid ?? 0) * campaignUnitWei,
    lostWei: leaves.reduce((sum, { source }) => sum + unansweredWei(source), 0n),
    viewings: leaves.length,
    finished: leaves.filter(({ source }) => source.ended === 'done').length,
    bids: count.past.length,
    won: count.past.filter(({ won }) => won).length,
  }
}
