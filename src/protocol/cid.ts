import { base32 } from 'multiformats/bases/base32'
import type { Cid } from '#std/brand.ts'
import { concatBytes } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/** What a block holds: bytes of a file (`raw`), or links and sizes (`dag-pb`). */
export type CidCodec = 'raw' | 'dag-pb'

const codecBytes: Record<CidCodec, number> = { raw: 0x55, 'dag-pb': 0x70 }

/** Length of a binary CID: version 1, codec, sha2-256, length 32, digest. */
export const cidLength = 36

/** The CIDv1 of a sha2-256 digest (32 bytes). */
export const cidFromDigest = (codec: CidCodec, digest: Uint8Array): Cid => {
  if (digest.length !== 32) throw new RangeError('a sha2-256 digest has 32 bytes')
  return textOfCid(concatBytes(Uint8Array.of(0x01, codecBytes[codec], 0x12, 0x20), digest))
}

/** Parses a binary CID. Anything but CIDv1, raw or dag-pb, sha2-256 is `cid-malformed`. */
export const decodeCid = (bytes: Uint8Array): Result<Cid> =>
  isBinaryCid(bytes) ? ok(textOfCid(bytes)) : failed('cid-malformed')

/** The 36 bytes of a CID: what receipts hash. */
export const bytesFromCid = (cid: Cid): Uint8Array => base32.decode(cid)

/** The sha2-256 digest that a CID names. */
export const digestFromCid = (cid: Cid): Uint8Array => bytesFromCid(cid).subarray(4)

/** Whether a text is a CIDv1 in base32 with codec raw or dag-pb and a sha2-256 digest. */
export const isCid = (text: string): text is Cid => {
  if (!/^b[a-z2-7]{58}$/.test(text)) return false
  try {
    const bytes = base32.decode(text)
    // The last of 58 digits carries 2 spare bits: only one text per CID is taken, so that equal CIDs are equal texts.
    return isBinaryCid(bytes) && base32.encode(bytes) === text
  } catch {
    return false
  }
}

const textOfCid = (bytes: Uint8Array): Cid => base32.encode(bytes) as Cid

const isBinaryCid = (bytes: Uint8Array): boolean =>
  bytes.length === cidLength &&
  bytes[0] === 0x01 &&
  (bytes[1] === codecBytes.raw || bytes[1] === codecBytes['dag-pb']) &&
  bytes[2] === 0x12 &&
  bytes[3] === 0x20
