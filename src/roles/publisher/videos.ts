import * as v from 'valibot'
import { cidField, formatNameField, parseFields, type Schema, videoIdField } from '#protocol/fields.ts'
import type { Cid, FormatName, VideoId } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** One format of one video that this publisher sells and serves. */
export type PublishedVideo = { readonly id: VideoId; readonly format: FormatName; readonly root: Cid }

const table = 'publisher-videos'
const schema: Schema<PublishedVideo> = v.object({ id: videoIdField, format: formatNameField, root: cidField })

export const saveVideo = (records: Records, video: PublishedVideo): Promise<void> =>
  records.write([{ table, key: `${video.id}/${video.format}`, value: JSON.stringify(video) }])

/** All videos of a publisher, or one's formats, in the order of their ids. */
export const listVideos = async (
  records: Records,
  id: VideoId | '' = '',
): Promise<readonly PublishedVideo[]> =>
  (await records.list(table, id)).map(({ value }) =>
    orThrow(parseFields(schema, JSON.parse(value), 'store-failed')),
  )
