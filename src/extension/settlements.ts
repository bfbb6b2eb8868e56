import type { Network } from '#bridge/shapes.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import type { BudgetDesk } from './budget-desk.ts'
import type { NodeLink } from './node-link.ts'
import type { PurchaseBook } from './purchase-book.ts'
import type { WalletDesk } from './wallet-desk.ts'

type SettlementPorts = {
  readonly wallet: Pick<WalletDesk, 'stored'>
  readonly book: Pick<PurchaseBook, 'list' | 'reconcile' | 'noteEnd' | 'noteUndone'>
  readonly node: Pick<NodeLink, 'ask'>
  readonly budgets: Pick<BudgetDesk, 'settle'>
  /** When the chain gives the rest of a purchase back, in milliseconds; `undefined` if it is not on the chain. */
  readonly endOf: (network: Network, purchase: PurchaseNonce) => Promise<number | undefined>
  readonly nowMs: () => number
}

/** An escrow ends hours after its purchase was closed: the chain is asked about one no more often than this. */
const askEveryMs = 600_000

/** Makes what is shown as paid for purchases that are over what the chain paid, and says when the rest returns. */
export class Settlements {
  readonly #ports: SettlementPorts
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor(ports: SettlementPorts) {
    this.#ports = ports
  }

  /** Asks about every purchase that is not settled yet; to be called when somebody looks. */
  async check(): Promise<void> {
    const { wallet, book, node, budgets, nowMs } = this.#ports
    if (nowMs() < this.#askedAtMs + askEveryMs) return
    const open = (await book.list()).filter(
      ({ state, isSettled }) => (state === 'closed' || state === 'open') && isSettled !== true,
    )
    if (open.length === 0) return
    this.#askedAtMs = nowMs()
    const { network } = await wallet.stored()
    for (const { chainId, purchase, salt, endsAtMs: knownEnd } of open) {
      if (chainId !== network.chainId) continue
      const endsAtMs = await this.#ports.endOf(network, purchase)
      if (endsAtMs === undefined) {
        // One whose end is known was on the chain before.
        if (knownEnd !== undefined) await book.noteUndone(purchase)
        continue
      }
      await book.noteEnd(purchase, endsAtMs)
      const { paidWei, isFinal } = await node.ask('settlement', { network, purchase })
      if (!isFinal) continue
      // The budget first: done again after an end in between, it changes nothing.
      await budgets.settle(salt, paidWei)
      await book.reconcile(purchase, paidWei)
    }
  }
}
