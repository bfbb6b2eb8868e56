import * as v from 'valibot'
import { hashField, purchaseNonceField } from '#protocol/fields.ts'
import type { Hash, PurchaseNonce } from '#std/brand.ts'
import type { Random } from '#std/ports/random.ts'
import type { Cell } from './store.ts'

/** A purchase, or a viewing that pays by the bid that was accepted. */
type Streamed = PurchaseNonce | Hash
/** Client or ticket, and what it stands for; newest last. */
export const grantsSchema = v.array(
  v.object({ holder: v.string(), purchase: v.union([purchaseNonceField, hashField]) }),
)
type Grant = v.InferOutput<typeof grantsSchema>[number]

const maxGrants = 200

/**
 * Which client may stream which purchase. A player is told a ticket when its purchase is ready; its client shows it
 * to the worker once, in a message that carries the client's own id, and streams from then on. Kept for the browser's
 * session, so that a restarted worker still knows.
 */
export class StreamGrants {
  readonly #cell: Cell<Grant[]>
  readonly #random: Random

  constructor(cell: Cell<Grant[]>, random: Random) {
    this.#cell = cell
    this.#random = random
  }

  async issue(purchase: Streamed): Promise<string> {
    const ticket = randomTicket(this.#random)
    await this.#add({ holder: `ticket ${ticket}`, purchase })
    return ticket
  }

  /** Whether the ticket was good; it is used up. */
  async claim(ticket: string, clientId: string): Promise<boolean> {
    let claimed = false
    await this.#cell.update(grants =>
      (grants ?? []).map(grant => {
        if (claimed || grant.holder !== `ticket ${ticket}`) return grant
        claimed = true
        return { holder: `client ${clientId}`, purchase: grant.purchase }
      }),
    )
    return claimed
  }

  async allows(clientId: string, purchase: Streamed): Promise<boolean> {
    const grants = (await this.#cell.read()) ?? []
    return grants.some(grant => grant.holder === `client ${clientId}` && grant.purchase === purchase)
  }

  /** Takes a purchase away from everybody. */
  async revoke(purchase: Streamed): Promise<void> {
    await this.#cell.update(grants => (grants ?? []).filter(grant => grant.purchase !== purchase))
  }

  async #add(grant: Grant): Promise<void> {
    await this.#cell.update(grants => [...(grants ?? []), grant].slice(-maxGrants))
  }
}

/** 16 random bytes in hex. */
export const randomTicket = (random: Random): string =>
  Array.from(random.bytes(16), byte => byte.toString(16).padStart(2, '0')).join('')
