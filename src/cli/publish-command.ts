import { basename, extname } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import { lockFolder } from '#daemon/folder-lock.ts'
import { maxTitleLength, type VideoDocument } from '#protocol/video-document.ts'
import { formatPti } from '#std/amount.ts'
import { ParatiiError } from '#std/error.ts'
import { probeFile } from '#transcode/probe.ts'
import { findMediaTools } from '#transcode/tools.ts'
import { openChainReader, openChainWriter } from './chain-access.ts'
import { type Act, parsePtiOption, parseTimeOption } from './command-kit.ts'
import type { CommandContext } from './context.ts'
import { feePerGigabyteWei, feeWeiPerByte } from './fee.ts'
import { createProgressBar, type Step } from './progress-bar.ts'
import { cmafFormat, type Offer, type PublishSteps, publishFilm } from './publish-film.ts'
import { type Role, roleFolder } from './role-folder.ts'
import { openRoleKeys } from './role-keys.ts'

const steps: readonly Step<PublishSteps>[] = [
  { name: 'package', share: 90, text: 'Packaging the film' },
  { name: 'store', share: 7, text: 'Storing its blocks' },
  { name: 'register', share: 3, text: 'Registering it on the chain' },
]
const maxTtlSeconds = 30 * 86_400
const maxPriceWei = 2n ** 96n - 1n

type PublishOptions = {
  readonly title?: string
  readonly price?: bigint
  readonly fee: bigint
  readonly feePerByte?: bigint
  readonly ttl: number
  readonly affiliate: number
  readonly advertiser?: boolean
}

/** `paratii publish FILE`. */
export const addPublishCommand = (program: Command, act: Act): void => {
  program
    .command('publish')
    .description('package a film, store it, and register it for sale')
    .argument('<file>', 'the film')
    .option('--price <PTI>', 'what the whole film costs', parsePtiOption)
    .option('--title <text>', 'its title; without, the name of the file')
    .option('--fee <PTI>', 'what hosts get for a GB', parsePtiOption, 10n ** 17n)
    .option('--fee-per-byte <units>', 'the same in base units (10^-18 PTI) a byte', parseUnits)
    .option('--affiliate <percent>', 'what of the price a site gets that sells it', parsePercent, 0)
    .option('--ttl <time>', 'how long a purchase stays open, such as 12h or 7d', parseTimeOption, 7 * 86_400)
    .option('--advertiser', 'publish it as the advertiser, for campaigns')
    .action(
      act(async (context, command) => {
        const [file = ''] = command.args
        const video = await publish(context, file, command.opts<PublishOptions>())
        const { advertiser } = command.opts<PublishOptions>()
        context.print({ video }, describePublished(video, advertiser === true))
      }),
    )
}

const parseUnits = (text: string): bigint => {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError('It is a whole number.')
  return BigInt(text)
}

/** A percentage with at most two decimals, in hundredths of a percent. */
const parsePercent = (text: string): number => {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(text) || Number(text) > 100)
    throw new InvalidArgumentError('It is a percentage, such as 5 or 2.5.')
  return Math.round(Number(text) * 100)
}

/** Everything that can be refused is looked at before anything is written: files, key, chain, money for the transaction. */
const publish = async (
  context: CommandContext,
  file: string,
  options: PublishOptions,
): Promise<VideoDocument> => {
  const { signal } = context.shutdown
  const offer = offerFrom(file, options)
  const tools = await findMediaTools(context.terminal.env)
  const source = await probeFile(file, tools, signal)
  const config = await context.readConfig()
  const reader = await openChainReader(config, signal)
  const role: Role = options.advertiser ? 'advertiser' : 'publisher'
  const keys = await openRoleKeys(context, role)
  if ((await reader.etherWei(keys.address, signal)) === 0n)
    throw new ParatiiError('balance-too-low', {
      account: keys.address,
      advice: 'Registering takes some ether for gas.',
    })
  const writer = await openChainWriter(config, reader, keys.walletKey, signal)

  const { folder, blocks, records, packaging } = roleFolder(context.folders, role)
  const lock = lockFolder(folder, 'publish')
  context.shutdown.add('lock', () => lock.release())
  const stored = openSqliteRecords(records)
  context.shutdown.add('records', () => stored.close())
  const bar = createProgressBar(context.terminal, context.json, steps)
  try {
    const ports = { tools, reader, writer, packaging, records: stored, blocks: await openFileBlocks(blocks) }
    return await publishFilm(ports, keys.identity, source, offer, bar.report, signal)
  } finally {
    bar.end()
  }
}

const offerFrom = (
  file: string,
  { title, price, fee, feePerByte, ttl, affiliate }: PublishOptions,
): Offer => {
  const name = title ?? basename(file, extname(file))
  const invalid = (advice: string) => new ParatiiError('usage-invalid', { advice })
  if (name.trim() === '' || name.length > maxTitleLength)
    throw invalid(`A title has 1 to ${maxTitleLength} characters; give one by --title.`)
  if (price === undefined) throw invalid('Say by --price what the film costs, in PTI; 0 gives it away.')
  if (price > maxPriceWei) throw invalid('The price is more than there is PTI.')
  if (ttl < 1 || ttl > maxTtlSeconds) throw invalid('A purchase stays open for at most 30 days.')
  return {
    title: name,
    priceWei: price,
    feeWeiPerByte: feeWeiPerByte(feePerByte === undefined ? fee : feePerGigabyteWei(feePerByte)),
    ttlSeconds: ttl,
    affiliateBps: affiliate,
  }
}

const describePublished = (video: VideoDocument, isAdvertisement: boolean): readonly string[] => {
  const sold = video.formats[cmafFormat]
  const price = sold
    ? `${formatPti(sold.price)} PTI, and ${formatPti(feePerGigabyteWei(sold.fee))} PTI/GB to hosts`
    : ''
  if (isAdvertisement)
    return [
      `Published "${video.title}" (${video.duration} s).`,
      `id  ${video.id}`,
      'Advertise it by paratii campaign create, and paratii advertiser serve.',
    ]
  return [
    `Published "${video.title}" (${video.duration} s) for ${price}.`,
    `id  ${video.id}`,
    'Sell it by paratii publisher serve; embed it by',
    `  <paratii-player video="${video.id}"></paratii-player>`,
  ]
}
