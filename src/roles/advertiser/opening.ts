import { openCampaignBook } from '#market/campaign-book.ts'
import { type CampaignPlan, campaignIdOf } from '#protocol/campaign.ts'
import { identityOf } from '#protocol/signature.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { FormatName, Hash, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import {
  type CampaignCount,
  findCount,
  forgetCampaign,
  type StoredCampaign,
  saveCampaign,
} from './campaign-records.ts'
import type { CampaignPorts } from './ports.ts'

/** What an advertiser wants. */
export type CampaignWish = Pick<StoredCampaign, 'policy' | 'presence' | 'topics' | 'languages'> &
  Pick<CampaignPlan, 'deposit' | 'maxPerViewer' | 'depth' | 'affiliate' | 'affiliateBps'> & {
    readonly video: VideoId
    readonly format: FormatName
    readonly durationSeconds: number
  }

/**
 * Opens a campaign: stored first, so that one whose transaction was sent and never heard of is not
 * forgotten: whether it is open, the chain says. Throws `video-unknown`, `format-unknown`, `block-absent` when the video's directory is not in our
 * store, and what the chain throws, such as `balance-too-low`.
 */
export const openCampaign = async (
  ports: CampaignPorts,
  wish: CampaignWish,
  signal?: AbortSignal,
): Promise<StoredCampaign> => {
  const { blocks, config, crypto, random, reader, records } = ports
  const { video, format, durationSeconds, policy, presence, topics, languages, ...amounts } = wish
  const [{ document, terms }, { campaigns }, head] = await Promise.all([
    reader.video(video, signal),
    reader.addresses(signal),
    reader.head(signal),
  ])
  const sold = terms.find(one => one.format === format)
  if (sold === undefined) throw new ParatiiError('format-unknown', { format })
  const address = cidFromRoot(sold.root)
  if (!(await blocks.has(address))) throw new ParatiiError('block-absent', { cid: address })
  const plan: CampaignPlan = {
    ...amounts,
    advertiser: identityOf(crypto, ports.walletKey).address,
    signer: identityOf(crypto, ports.nodeKey).address,
    video,
    end: head.timestampSeconds + durationSeconds,
    salt: hexFromBytes(random.bytes(32)) as Hash,
  }
  const stored: StoredCampaign = {
    campaign: campaignIdOf(paratiiDomain(config.chainId, campaigns), plan),
    plan,
    format,
    address,
    chunkSeconds: document.chunksize,
    length: document.duration,
    policy,
    presence,
    topics,
    languages,
    startedAt: head.timestampSeconds,
  }
  await saveCampaign(records, stored)
  try {
    await ports.marketWriter.createCampaign(plan, signal)
  } catch (thrown) {
    // What the chain refused is not there; what it may have taken is.
    const { code, retryable } = errorFrom(thrown)
    if (!retryable && code !== 'aborted') await forgetCampaign(records, stored.campaign)
    throw thrown
  }
  return stored
}

/** What the daemon has counted of a campaign; at first nothing. */
export const countOf = async (
  { records }: Pick<CampaignPorts, 'records'>,
  { campaign, plan }: StoredCampaign,
): Promise<CampaignCount> =>
  (await findCount(records, campaign)) ?? {
    book: openCampaignBook(plan.deposit, plan.maxPerViewer),
    batches: 0,
    past: [],
  }
