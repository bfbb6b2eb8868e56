import type { Command } from 'commander'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import type { RegisteredVideo } from '#chain/reader.ts'
import { parseFields, videoIdField } from '#protocol/fields.ts'
import { listVideos } from '#roles/publisher/videos.ts'
import { formatPti } from '#std/amount.ts'
import type { VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { openChainReader } from './chain-access.ts'
import type { Act } from './command-kit.ts'
import { feePerGigabyteWei } from './fee.ts'
import { roleFolder } from './role-folder.ts'

/** `paratii video list|show`. */
export const addVideoCommands = (program: Command, act: Act): void => {
  const video = program.command('video').description('Videos and what they are sold for')
  video
    .command('list')
    .description('list the videos published here')
    .action(
      act(async context => {
        const folder = roleFolder(context.folders, 'publisher')
        const videos = (await folder.exists()) ? await readVideos(folder.records) : []
        const reader =
          videos.length > 0
            ? await openChainReader(await context.readConfig(), context.shutdown.signal)
            : undefined
        const shown = []
        for (const id of new Set(videos.map(one => one.id)))
          if (reader !== undefined) shown.push(await reader.video(id, context.shutdown.signal))
        const lines =
          shown.length > 0 ? shown.map(listLine) : ['No videos yet. Publish one by paratii publish FILE.']
        context.print(
          shown.map(({ document }) => document),
          lines,
        )
      }),
    )
  video
    .command('show')
    .description('show a video as it is registered')
    .argument('<id>', 'its id, 0x and 64 hex digits')
    .action(
      act(async (context, command) => {
        const id = parseVideoId(command.args[0] ?? '')
        const reader = await openChainReader(await context.readConfig(), context.shutdown.signal)
        const found = await reader.video(id, context.shutdown.signal)
        context.print({ ...found.document, revision: found.revision }, describeVideo(found))
      }),
    )
}

const readVideos = async (file: string) => {
  const records = openSqliteRecords(file)
  try {
    return await listVideos(records)
  } finally {
    records.close()
  }
}

export const parseVideoId = (text: string): VideoId => {
  const id = parseFields(videoIdField, text.toLowerCase(), 'usage-invalid')
  if (!id.ok)
    throw new ParatiiError('usage-invalid', { advice: 'A video id is 0x and 64 hex digits.', id: text })
  return id.value
}

const listLine = ({ document }: RegisteredVideo): string => {
  const prices = Object.entries(document.formats).map(
    ([name, { price }]) => `${name} ${formatPti(price)} PTI`,
  )
  return `${document.id}  ${prices.join(', ')}  ${document.title}`
}

const describeVideo = ({ document, revision }: RegisteredVideo): readonly string[] => [
  document.title,
  `id        ${document.id}`,
  `owner     ${document.owner}`,
  `duration  ${document.duration} s`,
  `revision  ${revision}`,
  ...Object.entries(document.formats).flatMap(([name, sold]) => [
    `format    ${name}`,
    `  price   ${formatPti(sold.price)} PTI`,
    `  fee     ${formatPti(feePerGigabyteWei(sold.fee))} PTI/GB`,
    `  ttl     ${sold.ttl} s`,
    `  size    ${sold.size} bytes`,
    `  root    ${sold.hash}`,
  ]),
]
