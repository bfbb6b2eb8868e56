import type { Cid } from '../brand.ts'

/**
 * Content-addressed blocks. The store does not hash: who puts a block has checked it against its CID.
 * Adapters throw ParatiiError `store-failed`.
 */
export interface Blocks {
  get(cid: Cid): Promise<Uint8Array | undefined>
  /** When it resolves the block survives a crash (as far as the adapter stores at all); half of one is never seen. */
  put(cid: Cid, bytes: Uint8Array): Promise<void>
  has(cid: Cid): Promise<boolean>
}
