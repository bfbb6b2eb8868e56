import * as v from 'valibot'
import type { Address, Cid, Hash } from '#std/brand.ts'
import {
  addressField,
  cidField,
  hashField,
  listField,
  type Schema,
  textField,
  uint32Field,
  weiField,
} from './fields.ts'

/** One rendition that a transcoder is to make. */
export type TranscodingOption = {
  /** As in a format's directory, such as `v720`. */
  readonly name: string
  readonly codec: string
  /** Pixels; 0 for audio. */
  readonly width: number
  readonly height: number
  readonly bitsPerSecond: number
}

/** Livepeer's `Job(StreamID, TranscodingOptions, PricePerSegment)`, announced on `paratii/jobs/1` (seed 002). */
export type Job = {
  /** Root of the source. */
  readonly stream: Cid
  readonly options: readonly TranscodingOption[]
  readonly pricePerSegment: bigint
  readonly segments: number
  /** The wallet that pays. */
  readonly payer: Address
  /** Random, so that no two jobs are one. */
  readonly salt: Hash
}

/** The body of a `segment-claim` message, transcoder to payer: this segment is done, in all renditions of the job. */
export type SegmentClaim = {
  /** sha256 of the signed content that announced the job. */
  readonly job: Hash
  readonly index: number
  readonly source: Cid
  /** One CID for each option, in the job's order. */
  readonly results: readonly Cid[]
}

export const maxTranscodingOptions = 16

const optionSchema: Schema<TranscodingOption> = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,31}$/)),
  codec: textField(32),
  width: uint32Field,
  height: uint32Field,
  bitsPerSecond: uint32Field,
})

export const jobSchema: Schema<Job> = v.object({
  stream: cidField,
  options: listField(optionSchema, maxTranscodingOptions),
  pricePerSegment: weiField(96),
  segments: uint32Field,
  payer: addressField,
  salt: hashField,
})

export const segmentClaimSchema: Schema<SegmentClaim> = v.object({
  job: hashField,
  index: uint32Field,
  source: cidField,
  results: listField(cidField, maxTranscodingOptions),
})
