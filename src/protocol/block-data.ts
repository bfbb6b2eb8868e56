import type { Cid } from '#std/brand.ts'
import { concatBytes } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import { bytesFromCid, decodeCid } from './cid.ts'

/** A block on a stream: the data of a `data` or `postdata` frame is `[CID 36][block]`. */
export type BlockData = { readonly cid: Cid; readonly bytes: Uint8Array }

const cidLength = 36
/** Blocks are leaves of 256 KiB, and inner nodes, which are smaller. */
export const maxBlockBytes = 262_144
/** Bytes of one `data` or `postdata` frame's data. */
export const maxBlockDataBytes = cidLength + maxBlockBytes

export const encodeBlockData = ({ cid, bytes }: BlockData): Uint8Array<ArrayBuffer> =>
  concatBytes(bytesFromCid(cid), bytes)

/** Parses a block; whether its bytes hash to its CID is for the receiver to see (`block-mismatch`). */
export const decodeBlockData = (data: Uint8Array): Result<BlockData> => {
  if (data.length > maxBlockDataBytes) return failed('message-too-long', { bytes: data.length })
  if (data.length < cidLength) return failed('message-malformed', { reason: 'no CID' })
  const cid = decodeCid(data.subarray(0, cidLength))
  return cid.ok ? ok({ cid: cid.value, bytes: data.subarray(cidLength) }) : cid
}
