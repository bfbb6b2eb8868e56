import * as v from 'valibot'
import type { FoundPurchase } from '#bridge/reader-contract.ts'
import type { Network } from '#bridge/shapes.ts'
import type { Address } from '#std/brand.ts'
import { noRegistry } from './chain-glance.ts'
import type { NodeLink } from './node-link.ts'
import type { PurchaseBook, PurchaseEntry } from './purchase-book.ts'
import type { Cell } from './store.ts'
import type { WalletDesk } from './wallet-desk.ts'

/** Accounts whose purchases were looked for, each with its deployment. */
export const restoredSchema = v.array(v.string())
const mostKept = 1000

type RestoringPorts = {
  readonly wallet: Pick<WalletDesk, 'stored'>
  readonly isUnlocked: () => Promise<boolean>
  readonly book: Pick<PurchaseBook, 'get' | 'addAll' | 'note'>
  readonly node: Pick<NodeLink, 'ask'>
  readonly find: (network: Network, buyer: Address) => Promise<readonly FoundPurchase[]>
  readonly restored: Cell<string[]>
}

/**
 * Finds what an account bought before this profile knew it: the chain says what was, and of what is still open the hosts
 * show the newest receipts. Done once for each account and deployment; what fails is tried again when somebody looks.
 */
export class Restoring {
  readonly #ports: RestoringPorts
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: RestoringPorts) {
    this.#ports = ports
  }

  /** Rejects with what hinders it. */
  check(): Promise<void> {
    // One after the other: an account that is found while another is looked at has its turn.
    const checked = this.#turn.then(() => this.#check())
    this.#turn = checked.catch(() => undefined)
    return checked
  }

  async #check(): Promise<void> {
    const { wallet, isUnlocked, restored } = this.#ports
    // Only an open wallet has the keys that go on with what is found.
    if (!(await isUnlocked())) return
    const { network, accounts } = await wallet.stored()
    if (network.registry === noRegistry) return
    for (const { address } of accounts) {
      const key = `${network.chainId} ${network.registry} ${address}`
      if ((await restored.read())?.includes(key)) continue
      await this.#restore(network, address)
      await restored.update((known = []) => [key, ...known].slice(0, mostKept))
    }
  }

  async #restore(network: Network, buyer: Address): Promise<void> {
    const { book, node, find } = this.#ports
    const found: FoundPurchase[] = []
    for (const one of await find(network, buyer))
      if ((await book.get(one.purchase)) === undefined) found.push(one)
    await book.addAll(found.map(one => entryOf(network, buyer, one)))
    for (const { purchase, state } of found)
      if (state === 'open') book.note(await node.ask('open', { network, purchase }))
  }
}

const entryOf = (network: Network, buyer: Address, found: FoundPurchase): PurchaseEntry => {
  const { paidBytes, isFinal, ...rest } = found
  return {
    ...rest,
    ...(isFinal ? { isSettled: true } : {}),
    chainId: network.chainId,
    buyer,
    verifiedBytes: paidBytes,
    hosts: 0,
    validUntil: 0,
  }
}
