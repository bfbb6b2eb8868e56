import { sha256 } from '@noble/hashes/sha2.js'
import { bytesFromCid, cidLength, decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { equalBytes } from '#std/bytes.ts'

/** What a pack says of one of its slots. */
export type PackEntry = {
  readonly cid: Cid
  /** Bytes of the whole block. */
  readonly byteLength: number
  /** Which slot of the block's this one is, from 0. */
  readonly part: number
  /** When the block was last used, counted in uses of the pack. */
  readonly use: number
}

/** Bytes of an entry. One that a crash tore does not decode. */
export const entryBytes = 64

const checkLength = 4
const cidAt = 16
const upperUse = 2 ** 32

/** `[check 4][byteLength u32][part u16][use u48][cid 36][zeros]`; check: the first bytes of the rest's SHA-256. */
export const encodeEntry = ({ cid, byteLength, part, use }: PackEntry): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(entryBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, byteLength)
  view.setUint16(8, part)
  view.setUint16(10, Math.floor(use / upperUse))
  view.setUint32(12, use % upperUse)
  bytes.set(bytesFromCid(cid), cidAt)
  bytes.set(checkOf(bytes))
  return bytes
}

/** Undefined for a slot that is free, and for an entry that a crash tore. */
export const decodeEntry = (bytes: Uint8Array): PackEntry | undefined => {
  if (!equalBytes(bytes.subarray(0, checkLength), checkOf(bytes))) return undefined
  const cid = decodeCid(bytes.subarray(cidAt, cidAt + cidLength))
  if (!cid.ok) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, entryBytes)
  return {
    cid: cid.value,
    byteLength: view.getUint32(4),
    part: view.getUint16(8),
    use: view.getUint16(10) * upperUse + view.getUint32(12),
  }
}

const checkOf = (bytes: Uint8Array): Uint8Array =>
  sha256(bytes.subarray(checkLength, entryBytes)).subarray(0, checkLength)
