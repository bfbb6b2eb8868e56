import type { Cid } from '../brand.ts'

/**
 * Content-addressed blocks. The store does not hash: who puts a block has checked it against its CID.
 * Adapters throw ParatiiError `store-failed`.
 */
export interface Blocks {
  /**
   * `into`: memory of the caller that the adapter may use for the answer, which then is a view of it. A block that
   * does not fit, or an adapter that has no use for it, is answered in memory of its own.
   */
  get(cid: Cid, into?: Uint8Array): Promise<Uint8Array | undefined>
  /**
   * When it resolves the block survives a crash (as far as the adapter stores at all); half of one is never seen. It has
   * what it needs of `bytes` when it returns: their memory is the caller's again before it resolves.
   */
  put(cid: Cid, bytes: Uint8Array): Promise<void>
  has(cid: Cid): Promise<boolean>
}
