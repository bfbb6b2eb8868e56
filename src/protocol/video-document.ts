import * as v from 'valibot'
import type { Address, Cid, FormatName, Hash, PublicKey, VideoId } from '#std/brand.ts'
import { bytesFromHex, concatBytes } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import {
  addressField,
  basisPointsField,
  cidField,
  isFormatName,
  parseFields,
  publicKeyField,
  type Schema,
  textField,
  uint32Field,
  uint40Field,
  videoIdField,
  weiField,
} from './fields.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { decodeJson, encodeJson } from './json.ts'
import { rootFromCid, type Terms } from './terms.ts'

/** One way in which a video is sold: a directory of manifests, renditions and audio under one root. */
export type VideoFormat = {
  /** The directory's CIDv1, dag-pb. */
  readonly hash: Cid
  /** To the owner for the whole format, in base units; below 2^96. */
  readonly price: bigint
  /** To hosts for each byte, in base units; below 2^64. */
  readonly fee: bigint
  /** Seconds that a purchase stays open. */
  readonly ttl: number
  /** Bytes of the largest single path (best video, audio, manifests); the price is spread over them. */
  readonly size: number
  /** Part of the price for an order's affiliate, in 1/10000. */
  readonly affiliateBps: number
}

/** A video as its owner registers it (seed 001), with what seed 000 needs to reach the owner. */
export type VideoDocument = {
  readonly id: VideoId
  readonly title: string
  readonly owner: Address
  /** Seconds, rounded up. */
  readonly duration: number
  /** Seconds of one chunk, the unit of payment by the second. */
  readonly chunksize: number
  /** The owner's wallet key: names its mailbox. */
  readonly mailbox: PublicKey
  /** The owner's node key. */
  readonly node: PublicKey
  readonly formats: Readonly<Record<FormatName, VideoFormat>>
}

export const maxTitleLength = 200
export const maxFormats = 32
export const maxVideoDocumentBytes = 16_384

const videoFormatSchema: Schema<VideoFormat> = v.object({
  hash: cidField,
  price: weiField(96),
  fee: weiField(64),
  ttl: uint32Field,
  size: v.pipe(uint40Field, v.minValue(1)),
  affiliateBps: basisPointsField,
})

const formatsSchema: Schema<Readonly<Record<FormatName, VideoFormat>>> = v.pipe(
  v.custom<Record<string, unknown>>(value => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
    const count = Object.keys(value).length
    return count >= 1 && count <= maxFormats
  }),
  v.record(v.pipe(v.string(), v.check(isFormatName)), videoFormatSchema),
)

export const videoDocumentSchema: Schema<VideoDocument> = v.object({
  id: videoIdField,
  title: textField(maxTitleLength),
  owner: addressField,
  duration: uint32Field,
  chunksize: v.pipe(uint32Field, v.minValue(1)),
  mailbox: publicKeyField,
  node: publicKeyField,
  formats: formatsSchema,
})

/** Canonical JSON of a video document. */
export const encodeVideoDocument = (document: VideoDocument): Uint8Array<ArrayBuffer> => encodeJson(document)

/** Parses a video document: canonical JSON of at most 16 KiB. */
export const decodeVideoDocument = (bytes: Uint8Array): Result<VideoDocument> => {
  const json = decodeJson(bytes, maxVideoDocumentBytes)
  return json.ok ? parseFields(videoDocumentSchema, json.value, 'document-malformed') : json
}

/** keccak256 of the canonical JSON of a document without its id: what a registration names the video by. */
export const hashVideoDocument = (document: Omit<VideoDocument, 'id'>): Hash => {
  const { id: _, ...rest } = { id: undefined, ...document }
  return hashFromBytes(keccak256(encodeJson(rest)))
}

/** `id` = keccak256(abi.encode(owner, document hash)) of the first registration, so that nobody can squat it. */
export const videoIdOf = (owner: Address, documentHash: Hash): VideoId =>
  hashFromBytes(
    keccak256(concatBytes(new Uint8Array(12), bytesFromHex(owner), bytesFromHex(documentHash))),
  ) as VideoId

/** The terms that an order for one format fixes. `avatarBps`: the redistribution share in ParatiiRegistry. */
export const termsOf = (document: VideoDocument, format: FormatName, avatarBps: number): Result<Terms> => {
  const sold = Object.hasOwn(document.formats, format) ? document.formats[format] : undefined
  if (sold === undefined) return failed('format-unknown', { format })
  const { hash, ...rest } = sold
  return ok({ ...rest, id: document.id, format, root: rootFromCid(hash), owner: document.owner, avatarBps })
}
