import { BaseBlockstore } from 'blockstore-core'
import { createHeliaLight, type Helia } from 'helia'
import { CID } from 'multiformats/cid'
import type { GetNode } from '#media/dag.ts'
import { decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { concatBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { PaidBlockBroker } from './paid-block-broker.ts'

/**
 * A Helia node without libp2p, routers or gateways: what it does not hold it asks our one block broker for. Helia
 * asks all its brokers at once, so a second one would fetch, and pay for, the same block twice.
 */
export const startLightNode = async (blocks: Blocks, broker: PaidBlockBroker): Promise<Helia> =>
  createHeliaLight({ blockstore: new PortBlockstore(blocks), blockBrokers: [broker] }).start()

/** Blocks through Helia: from the local store, else by the broker and then stored. For inner nodes and small reads. */
export const getBlockFrom =
  (helia: Helia, signal: AbortSignal): GetNode =>
  async cid => {
    try {
      const parts: Uint8Array[] = []
      for await (const part of helia.blockstore.get(CID.parse(cid), { signal })) parts.push(part)
      return concatBytes(...parts)
    } catch (thrown) {
      throw reasonOf(thrown)
    }
  }

/** Helia wraps what a broker threw; the first of ours says what happened. */
const reasonOf = (thrown: unknown): unknown => {
  if (!(thrown instanceof AggregateError)) return thrown
  return thrown.errors.find(error => error instanceof ParatiiError) ?? thrown
}

/** Our Blocks port as Helia's blockstore. Listing and deleting are the port's owner's business, not Helia's. */
class PortBlockstore extends BaseBlockstore {
  readonly #blocks: Blocks

  constructor(blocks: Blocks) {
    super()
    this.#blocks = blocks
  }

  override has(cid: CID): Promise<boolean> {
    return this.#blocks.has(nameOf(cid))
  }

  override async *get(cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = await this.#blocks.get(nameOf(cid))
    if (bytes === undefined) throw new ParatiiError('block-absent', { cid: cid.toString() })
    yield bytes
  }

  override async put(
    cid: CID,
    value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<CID> {
    const parts: Uint8Array[] = []
    if (value instanceof Uint8Array) parts.push(value)
    else for await (const part of value) parts.push(part)
    await this.#blocks.put(nameOf(cid), concatBytes(...parts))
    return cid
  }
}

const nameOf = (cid: CID): Cid => orThrow(decodeCid(cid.bytes))
