import type { Budget } from '#bridge/shapes.ts'
import type { Hash } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import {
  type BudgetAsk,
  type BudgetUse,
  budgetLeft,
  budgetUse,
  releaseReservation,
  reserveBudget,
  settleReservation,
} from '#wallet/budget.ts'
import { emptyLedger, type Ledger } from '#wallet/ledger.ts'
import type { SiteBook } from './site-book.ts'
import type { Cell } from './store.ts'

type BudgetPorts = {
  readonly ledger: Cell<Ledger>
  readonly sites: Pick<SiteBook, 'get' | 'list'>
  readonly changed: () => void
}

/** The book of promises in the browser's storage. A promise is in it before anything is signed. */
export class BudgetDesk {
  readonly #ports: BudgetPorts

  constructor(ports: BudgetPorts) {
    this.#ports = ports
  }

  async left(budget: Budget, asked: Pick<BudgetAsk, 'video' | 'site'>, nowMs: number): Promise<bigint> {
    const { ledger, sites } = this.#ports
    return budgetLeft((await ledger.read()) ?? emptyLedger, budget, await sites.get(asked.site), asked, nowMs)
  }

  /** Throws `budget-exhausted`. */
  async reserve(budget: Budget, asked: BudgetAsk, nowMs: number): Promise<void> {
    const rule = await this.#ports.sites.get(asked.site)
    await this.#update(ledger => orThrow(reserveBudget(ledger, budget, rule, asked, nowMs)))
  }

  /** Gives a promise back that nobody can take up any more. */
  release(id: Hash): Promise<void> {
    return this.#update(ledger => releaseReservation(ledger, id))
  }

  /** Gives back what a purchase that is over did not pay. */
  settle(id: Hash, paidWei: bigint): Promise<void> {
    return this.#update(ledger => settleReservation(ledger, id, paidWei))
  }

  /**
   * Gives back what was promised by a worker that ended before it wrote an order down. Nothing was sent then: an order
   * is in the book of purchases before it leaves. To be called while no purchase is being made.
   */
  releaseUnwritten(written: ReadonlySet<Hash>): Promise<void> {
    return this.#update(ledger =>
      ledger.reservations
        .filter(({ id }) => !written.has(id))
        .reduce((rest, { id }) => releaseReservation(rest, id), ledger),
    )
  }

  async use(nowMs: number, site?: string): Promise<BudgetUse> {
    const ledger = (await this.#ports.ledger.read()) ?? emptyLedger
    return budgetUse(ledger, site === undefined ? {} : { site }, nowMs)
  }

  async #update(change: (ledger: Ledger) => Ledger): Promise<void> {
    await this.#ports.ledger.update(ledger => change(ledger ?? emptyLedger))
    this.#ports.changed()
  }
}
