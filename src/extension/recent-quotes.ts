import type { Order } from '#protocol/order.ts'
import { hashTerms } from '#protocol/terms.ts'
import type { Quote } from '#roles/viewer/api.ts'
import type { Hash } from '#std/brand.ts'

const maxQuotes = 8

/** The newest quotes that were given, by the hash of their terms. */
export class RecentQuotes {
  readonly #quotes = new Map<Hash, Quote>()

  /** The quote that an order was made from, if it was given here: asked once more it would only cost time. */
  of({ terms, leaves }: Order): Quote | undefined {
    const quote = this.#quotes.get(hashTerms(terms))
    const isOfIt = leaves.every(({ key }) => quote?.hosts.some(host => host.key === key))
    return isOfIt ? quote : undefined
  }

  keep(quote: Quote): void {
    const name = hashTerms(quote.terms)
    this.#quotes.delete(name)
    this.#quotes.set(name, quote)
    for (const oldest of this.#quotes.keys()) {
      if (this.#quotes.size <= maxQuotes) break
      this.#quotes.delete(oldest)
    }
  }

  clear(): void {
    this.#quotes.clear()
  }
}
