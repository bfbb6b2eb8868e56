import * as v from 'valibot'
import type { SentNote } from '#chain/sender.ts'
import {
  cidField,
  formatNameField,
  hashField,
  parseFields,
  type Schema,
  videoIdField,
} from '#protocol/fields.ts'
import type { Cid, FormatName, Hash, VideoId } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** One format of one video that this publisher sells and serves. */
export type PublishedVideo = { readonly id: VideoId; readonly format: FormatName; readonly root: Cid }

const table = 'publisher-videos'
const schema: Schema<PublishedVideo> = v.object({ id: videoIdField, format: formatNameField, root: cidField })

/** Registrations on their way, by id. */
const registrations = 'publisher-registrations'
const registrationSchema: Schema<{ readonly transaction: Hash }> = v.object({ transaction: hashField })

/** Keeps which transaction registers a video until the video is saved. */
export const noteOfRegistration = (records: Records, id: VideoId): SentNote => ({
  async find() {
    const value = await records.get(registrations, id)
    if (value === undefined) return undefined
    return orThrow(parseFields(registrationSchema, JSON.parse(value), 'store-failed')).transaction
  },
  keep: transaction =>
    records.write([{ table: registrations, key: id, value: JSON.stringify({ transaction }) }]),
})

export const saveVideo = (records: Records, video: PublishedVideo): Promise<void> =>
  records.write([
    { table, key: `${video.id}/${video.format}`, value: JSON.stringify(video) },
    { table: registrations, key: video.id, value: undefined },
  ])

/** All videos of a publisher, or one's formats, in the order of their ids. */
export const listVideos = async (
  records: Records,
  id: VideoId | '' = '',
): Promise<readonly PublishedVideo[]> =>
  (await records.list(table, id)).map(({ value }) =>
    orThrow(parseFields(schema, JSON.parse(value), 'store-failed')),
  )
