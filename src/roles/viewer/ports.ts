import type { ChainReader } from '#chain/reader.ts'
import type { MessageNode } from '#network/message-node.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Records } from '#std/ports/records.ts'

/** What a viewer runs on. Nothing here is of Node: in a browser they are IndexedDB, WebSocket and noble. */
export type ViewerPorts = {
  readonly chainId: number
  readonly reader: ChainReader
  /** A node that only dials; its key is random. */
  readonly node: MessageNode
  /** Multiaddrs of relays that mail comes and goes by where no stream leads to a publisher. */
  readonly relays?: readonly string[]
  readonly records: Records
  /** Keeps inner nodes of directories, manifests and init segments; checks what it reads, as a pack does. */
  readonly blocks: Blocks
  /** Keeps verified leaves, so that none is fetched or paid for twice; checks what it reads, as a pack does. */
  readonly leaves: Blocks
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  /** Bytes of verified leaves kept in memory. */
  readonly cacheBytes?: number
}
