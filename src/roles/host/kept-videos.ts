import * as v from 'valibot'
import {
  addressField,
  cidField,
  formatNameField,
  parseFields,
  publicKeyField,
  type Schema,
  videoIdField,
} from '#protocol/fields.ts'
import type { Address, Cid, FormatName, PublicKey, VideoId } from '#std/brand.ts'
import { hexFromBytes, parseHex } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import type { Records } from '#std/ports/records.ts'

/** One format of one video that this host keeps whole. */
export type KeptVideo = {
  readonly id: VideoId
  readonly format: FormatName
  readonly root: Cid
  readonly owner: Address
  /** The owner's node key, named in receipts. */
  readonly ownerNode: PublicKey
}

const videos = 'host-videos'
const lists = 'host-lists'

const schema: Schema<KeptVideo> = v.object({
  id: videoIdField,
  format: formatNameField,
  root: cidField,
  owner: addressField,
  ownerNode: publicKeyField,
})

/** Keyed by root too: purchases of a format that was edited since go on under the root that they name. */
const keyOf = ({ id, format, root }: Pick<KeptVideo, 'id' | 'format' | 'root'>) => `${id}/${format}/${root}`

export const saveKeptVideo = (records: Records, video: KeptVideo): Promise<void> =>
  records.write([{ table: videos, key: keyOf(video), value: JSON.stringify(video) }])

export const findKeptVideo = async (
  records: Records,
  video: Pick<KeptVideo, 'id' | 'format' | 'root'>,
): Promise<KeptVideo | undefined> => {
  const value = await records.get(videos, keyOf(video))
  return value === undefined ? undefined : parse(value)
}

export const listKeptVideos = async (records: Records): Promise<readonly KeptVideo[]> =>
  (await records.list(videos, '')).map(({ value }) => parse(value))

/** The publisher's signed host list of a video, as this host passes it on. */
export const saveHostList = (records: Records, id: VideoId, list: Uint8Array): Promise<void> =>
  records.write([{ table: lists, key: id, value: JSON.stringify(hexFromBytes(list)) }])

export const findHostList = async (records: Records, id: VideoId): Promise<Uint8Array | undefined> => {
  const value = await records.get(lists, id)
  const text: unknown = value === undefined ? undefined : JSON.parse(value)
  return typeof text === 'string' ? parseHex(text) : undefined
}

const parse = (value: string): KeptVideo => orThrow(parseFields(schema, JSON.parse(value), 'store-failed'))
