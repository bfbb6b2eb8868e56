import * as v from 'valibot'
import type { Address, Cid, FormatName, Hash, VideoId } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8 } from '#std/bytes.ts'
import { cidFromDigest, digestFromCid } from './cid.ts'
import {
  addressField,
  basisPointsField,
  formatNameField,
  hashField,
  type Schema,
  uint32Field,
  uint40Field,
  videoIdField,
  weiField,
} from './fields.ts'
import { hashFromBytes } from './hash.ts'
import { hashWords } from './words.ts'

/** The terms on which an owner sells one format of one video. An order fixes them by their hash. */
export type Terms = {
  readonly id: VideoId
  readonly format: FormatName
  /** sha2-256 digest of the directory's dag-pb CIDv1. */
  readonly root: Hash
  /** To the owner for the whole format, in base units; below 2^96. */
  readonly price: bigint
  /** To hosts for each byte, in base units; below 2^64. */
  readonly fee: bigint
  /** Seconds that a purchase stays open. */
  readonly ttl: number
  /** Bytes of the largest single path; the price is spread over them. */
  readonly size: number
  readonly owner: Address
  /** Part of the price for the order's affiliate, in 1/10000. */
  readonly affiliateBps: number
  /** Part of the price for redistribution, in 1/10000. */
  readonly avatarBps: number
}

export const termsSchema: Schema<Terms> = v.object({
  id: videoIdField,
  format: formatNameField,
  root: hashField,
  price: weiField(96),
  fee: weiField(64),
  ttl: uint32Field,
  size: v.pipe(uint40Field, v.minValue(1)),
  owner: addressField,
  affiliateBps: basisPointsField,
  avatarBps: basisPointsField,
})

/** What VideoRegistry stores and VideoStore compares: keccak256 of the ABI encoding of the ten fields. */
export const hashTerms = (terms: Terms): Hash =>
  hashWords([
    ['bytes32', terms.id],
    ['bytes32', formatWord(terms.format)],
    ['bytes32', terms.root],
    ['uint96', terms.price],
    ['uint64', terms.fee],
    ['uint32', terms.ttl],
    ['uint40', terms.size],
    ['address', terms.owner],
    ['uint16', terms.affiliateBps],
    ['uint16', terms.avatarBps],
  ])

/** A format's name as the chain holds it: ASCII, padded with zeros on the right. */
export const formatWord = (format: FormatName): Hash => {
  const bytes = new Uint8Array(32)
  bytes.set(bytesFromUtf8(format))
  return hashFromBytes(bytes)
}

/** The root as the chain holds it: the digest of a directory's CID. */
export const rootFromCid = (cid: Cid): Hash => hashFromBytes(digestFromCid(cid))

/** The directory's CID of a root that the chain holds. */
export const cidFromRoot = (root: Hash): Cid => cidFromDigest('dag-pb', bytesFromHex(root))
