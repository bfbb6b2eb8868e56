import * as v from 'valibot'
import type { FormatName, VideoId } from '#std/brand.ts'
import { formatNameField, listField, type Schema, videoIdField } from './fields.ts'
import { maxFormats } from './video-document.ts'

/** One video that a host is to keep. */
export type ReplicatedVideo = { readonly id: VideoId; readonly formats: readonly FormatName[] }

/** The body of a `replicate` message, publisher to host: the whole list; what is no longer in it may be dropped. */
export type Replicate = { readonly videos: readonly ReplicatedVideo[] }

export const maxReplicatedVideos = 256

export const replicateSchema: Schema<Replicate> = v.object({
  videos: listField(
    v.object({ id: videoIdField, formats: listField(formatNameField, maxFormats) }),
    maxReplicatedVideos,
  ),
})
