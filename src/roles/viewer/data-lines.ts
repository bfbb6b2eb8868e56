import type { BodyReader } from '#network/body-reader.ts'
import type { Exchange } from '#network/exchange-client.ts'
import type { Cid } from '#std/brand.ts'

/** Streams that are kept for the next request. */
const maxIdle = 3

/**
 * Exchange streams that blocks come on where a host has no HTTP: one request at a time on each, beside the one that
 * receipts go by, so that neither waits for the other. A request that is given up takes its stream along.
 */
export class DataLines {
  readonly #open: (signal: AbortSignal) => Promise<Exchange>
  readonly #idle = new Set<Exchange>()

  constructor(open: (signal: AbortSignal) => Promise<Exchange>) {
    this.#open = open
  }

  /** Asks for at most 64 blocks. */
  async get(blocks: readonly Cid[], signal: AbortSignal): Promise<BodyReader> {
    const exchange = await this.#take(signal)
    const body = exchange.getData(blocks, signal)
    return {
      fill: (buffer, byteCount, onBytes) => body.fill(buffer, byteCount, onBytes),
      atEnd: () => body.atEnd(),
      cancel: async () => {
        await body.cancel()
        if (this.#idle.size < maxIdle) this.#keep(exchange)
        else await exchange.close()
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#idle].map(exchange => exchange.close()))
  }

  async #take(signal: AbortSignal): Promise<Exchange> {
    const [idle] = this.#idle
    if (idle === undefined) return this.#open(signal)
    this.#idle.delete(idle)
    return idle
  }

  #keep(exchange: Exchange): void {
    this.#idle.add(exchange)
    exchange.ended.then(() => this.#idle.delete(exchange))
  }
}
