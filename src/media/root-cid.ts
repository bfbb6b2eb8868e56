import { cidFromDigest, digestFromCid } from '#protocol/cid.ts'
import { hashFromBytes } from '#protocol/hash.ts'
import type { Cid, Hash } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'

/** The CID of a published directory from its `root`, the sha2-256 digest that the registry keeps. */
export const cidFromRoot = (root: Hash): Cid => cidFromDigest('dag-pb', bytesFromHex(root))

/** The `root` that the registry keeps of a published directory, from the directory's CID. */
export const rootFromCid = (cid: Cid): Hash => hashFromBytes(digestFromCid(cid))
