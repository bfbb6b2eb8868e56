import { decode, type PBLink } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { code as rawCode } from 'multiformats/codecs/raw'
import { decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'

/** An inner node of a UnixFS tree. */
export type DagNode = { readonly cid: Cid; readonly data: UnixFS; readonly links: readonly PBLink[] }

/** The UnixFS node that these bytes are, already checked against the CID; undefined for anything else. */
export const decodeNode = (cid: Cid, bytes: Uint8Array): DagNode | undefined => {
  try {
    const { Data, Links } = decode(bytes)
    return { cid, data: UnixFS.unmarshal(Data ?? new Uint8Array()), links: Links }
  } catch {
    return undefined
  }
}

/** What a link points at; undefined if that is neither raw nor dag-pb. */
export const targetOf = (link: PBLink): { readonly cid: Cid; readonly isLeaf: boolean } | undefined => {
  const cid = decodeCid(link.Hash.bytes)
  return cid.ok ? { cid: cid.value, isLeaf: link.Hash.code === rawCode } : undefined
}
