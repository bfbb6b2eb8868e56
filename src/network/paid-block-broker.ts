import type { BlockBroker, BlockRetrievalOptions } from 'helia'
import type { CID } from 'multiformats/cid'
import { decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'

/** Where blocks of one directory come from: `undefined` for a block that is not its, an error when it fails. */
export type BlockRoute = (cid: Cid, signal: AbortSignal) => Promise<Uint8Array | undefined>

/**
 * Helia's only way to blocks of videos: each opened video adds its route (the free head of a directory, or the paid
 * stream of a purchase), and a block is fetched by the route that knows it, from one host at a time.
 */
export class PaidBlockBroker implements BlockBroker {
  readonly name = 'paratii-paid'
  readonly #routes = new Set<BlockRoute>()

  /** Adds a route; the function returned takes it away. */
  add(route: BlockRoute): () => void {
    this.#routes.add(route)
    return () => this.#routes.delete(route)
  }

  async retrieve(cid: CID, options: BlockRetrievalOptions = {}): Promise<Uint8Array> {
    const name = orThrow(decodeCid(cid.bytes))
    const signal = options.signal ?? new AbortController().signal
    for (const route of this.#routes) {
      const bytes = await route(name, signal)
      if (bytes === undefined) continue
      await options.validateFn?.(bytes)
      return bytes
    }
    throw new ParatiiError('block-absent', { cid: name })
  }
}
