import { type Command, InvalidArgumentError } from 'commander'
import { anyRecord } from '#market/viewer-profile.ts'
import { campaignUnitWei } from '#protocol/campaign.ts'
import { hashField, parseFields } from '#protocol/fields.ts'
import { findCampaign, stopCampaign } from '#roles/advertiser/campaign-records.ts'
import { openCampaign } from '#roles/advertiser/opening.ts'
import { type CampaignStats, readCampaignStats } from '#roles/advertiser/settling.ts'
import { formatPti } from '#std/amount.ts'
import type { Address, Hash } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { openAdvertiserStore } from './advertiser-command.ts'
import { type Act, parsePtiOption, parseTimeOption } from './command-kit.ts'
import { cmafFormat } from './publish-film.ts'
import { parseVideoId } from './video-command.ts'

type CreateOptions = {
  readonly video: string
  readonly budget: bigint
  readonly maxRate: bigint
  readonly perViewer: bigint
  readonly for: number
  readonly value?: bigint
  readonly paced?: boolean
  readonly language: readonly string[]
  readonly topic: readonly string[]
  readonly visible: number
  readonly challenge: number
}

/** Viewers of one batch on the chain: 2^6. */
const batchDepth = 6
const noAffiliate = '0x0000000000000000000000000000000000000000' as Address

/** `paratii campaign create|list|stats|stop`. */
export const addCampaignCommands = (program: Command, act: Act): void => {
  const campaign = program.command('campaign').description('Campaigns of the advertiser')
  campaign
    .command('create')
    .description('open a campaign with its deposit')
    .requiredOption('--video <id>', 'what is shown: published by paratii publish --advertiser')
    .requiredOption('--budget <PTI>', 'the deposit; all that it can cost', parsePtiOption)
    .requiredOption('--max-rate <PTI>', 'the most for a minute of a viewer', parsePtiOption)
    .requiredOption('--per-viewer <PTI>', 'the most for one account', parsePtiOption)
    .option('--for <time>', 'how long it runs, such as 12h or 7d', parseTimeOption, 7 * 86_400)
    .option('--value <PTI>', 'what a minute is worth: bids what past bids say gains most', parsePtiOption)
    .option('--paced', 'spread the budget evenly over the time')
    .option('--language <tag,…>', 'languages of the video', parseWords, [])
    .option('--topic <word,…>', 'what it is about', parseWords, [])
    .option('--visible <percent>', 'of the time, the player must be visible and playing', parsePercent, 90)
    .option('--challenge <n>', 'one chunk in so many shows a code to type; 0: none', parsePercent, 0)
    .action(
      act(async (context, command) => {
        const options = command.opts<CreateOptions>()
        // What makes no sense is refused before a password is asked for.
        const wish = wishFrom(options)
        const { ports } = await openAdvertiserStore(context)
        const opened = await openCampaign(ports, wish, context.shutdown.signal)
        context.print({ campaign: opened.campaign, end: opened.plan.end }, [
          `The campaign is open with ${formatPti(options.budget)} PTI.`,
          `id  ${opened.campaign}`,
          'Run it by paratii advertiser serve.',
        ])
      }),
    )
  for (const [name, about] of [
    ['list', 'list the campaigns of this advertiser'],
    ['stats', 'show what campaigns promised, paid, lost and won'],
  ] as const)
    campaign
      .command(name)
      .description(about)
      .argument('[id]', 'one campaign alone')
      .action(
        act(async (context, command) => {
          const id = command.args[0] === undefined ? undefined : parseCampaignId(command.args[0])
          const { ports } = await openAdvertiserStore(context)
          const all = await readCampaignStats(ports, context.shutdown.signal)
          const shown = all.filter(one => id === undefined || one.campaign === id)
          if (id !== undefined && shown.length === 0) throw new ParatiiError('campaign-unknown', { id })
          const lines = shown.flatMap(name === 'list' ? listLine : describeStats)
          context.print(shown, lines.length > 0 ? lines : ['No campaigns yet.'])
        }),
      )
  campaign
    .command('stop')
    .description('bid no more; the rest returns a period after its end')
    .argument('<id>', 'its id, 0x and 64 hex digits')
    .action(
      act(async (context, command) => {
        const id = parseCampaignId(command.args[0] ?? '')
        const { ports } = await openAdvertiserStore(context)
        const found = await findCampaign(ports.records, id)
        if (found === undefined) throw new ParatiiError('campaign-unknown', { id })
        await stopCampaign(ports.records, id)
        const end = new Date(1000 * found.plan.end).toISOString()
        context.print({ campaign: id, end: found.plan.end }, [
          `No more bids. What viewers were promised stays good; the rest returns after ${end}.`,
        ])
      }),
    )
}

const wishFrom = (options: CreateOptions) => {
  const { budget, maxRate, perViewer, value } = options
  if (perViewer > budget) throw invalid('One account cannot be promised more than the budget.')
  const maxRateWei = maxRate / 60n
  if (maxRateWei === 0n) throw invalid('The rate is above 0.')
  return {
    video: parseVideoId(options.video),
    format: cmafFormat,
    durationSeconds: options.for,
    deposit: unitsFrom(budget),
    maxPerViewer: unitsFrom(perViewer),
    depth: batchDepth,
    affiliate: noAffiliate,
    affiliateBps: 0,
    policy: {
      maxRateWei,
      rule: value === undefined ? ('flat' as const) : ('gain' as const),
      valueWei: (value ?? maxRate) / 60n,
      isPaced: options.paced === true,
      wanted: anyRecord,
      critic: 100,
    },
    presence: { visible: options.visible, challenge: options.challenge },
    topics: options.topic,
    languages: options.language,
  }
}

const unitsFrom = (amountWei: bigint): number => {
  const units = amountWei / campaignUnitWei
  if (units * campaignUnitWei !== amountWei || units === 0n || units >= 1n << 40n)
    throw invalid('Campaigns count in millionths of a PTI, and hold less than 1,099,511 PTI.')
  return Number(units)
}

const invalid = (advice: string) => new ParatiiError('usage-invalid', { advice })

const parseCampaignId = (text: string): Hash => {
  const id = parseFields(hashField, text.toLowerCase(), 'usage-invalid')
  if (!id.ok) throw invalid('A campaign id is 0x and 64 hex digits.')
  return id.value
}

const parseWords = (text: string): readonly string[] => {
  const words = text.split(',').map(word => word.trim())
  if (words.length > 16 || !words.every(word => /^[a-z0-9-]{1,32}$/.test(word)))
    throw new InvalidArgumentError('These are words of a-z, 0-9 and -, with commas between.')
  return words
}

const parsePercent = (text: string): number => {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 100)
    throw new InvalidArgumentError('It is a number up to 100.')
  return Number(text)
}

const listLine = ({ campaign, depositWei, state }: CampaignStats): readonly string[] => [
  `${campaign}  ${state.padEnd(9)}  ${formatPti(depositWei)} PTI`,
]

const describeStats = (stats: CampaignStats): readonly string[] => [
  stats.campaign,
  `  state      ${stats.state}, until ${new Date(1000 * stats.end).toISOString()}`,
  `  deposit    ${formatPti(stats.depositWei)} PTI`,
  `  allotted   ${formatPti(stats.allottedWei)} PTI`,
  `  promised   ${formatPti(stats.promisedWei)} PTI, ${formatPti(stats.lostWei)} of it for no good answer`,
  `  paid       ${formatPti(stats.paidWei)} PTI`,
  `  viewings   ${stats.viewings}, ${stats.finished} to the end`,
  `  bids       ${stats.bids} of late, ${stats.won} taken`,
]
