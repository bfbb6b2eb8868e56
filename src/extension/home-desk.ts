import type { Home } from '#bridge/shapes.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { type Deployments, readBalance } from './chain-glance.ts'
import { type PurchaseBook, viewOf } from './purchase-book.ts'
import type { WalletDesk } from './wallet-desk.ts'

type HomePorts = {
  readonly wallet: WalletDesk
  readonly book: PurchaseBook
  readonly deployments: Deployments
  readonly isPlaying: (purchase: PurchaseNonce) => boolean
}

const shownPurchases = 50
const balanceEveryMs = 10_000

/** What the popup shows, sent whole to every open popup whenever any of it changes. */
export class HomeDesk {
  readonly #ports: HomePorts
  readonly #watchers = new Set<(home: Home) => void>()
  #balance: { readonly key: string; readonly wei: bigint | undefined } | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #sending = false
  #again = false

  constructor(ports: HomePorts) {
    this.#ports = ports
  }

  /** Sends `watcher` the present state and every later one, until the function returned is called. */
  watch(watcher: (home: Home) => void): () => void {
    this.#watchers.add(watcher)
    // The chain tells nobody of a changed balance; it is asked only while somebody looks.
    this.#timer ??= setInterval(() => void this.refreshBalance(), balanceEveryMs)
    this.changed()
    void this.refreshBalance()
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** Sends the state anew; calls that come while it is being gathered are answered by one more round. */
  changed(): void {
    this.#again = true
    if (this.#sending || this.#watchers.size === 0) return
    this.#sending = true
    void this.#sendAll().finally(() => {
      this.#sending = false
    })
  }

  async refreshBalance(): Promise<void> {
    if (this.#watchers.size === 0) return
    const state = await this.#ports.wallet.state()
    if (state.status === 'absent') return
    const { network, address } = state
    const wei = await this.#ports.deployments
      .get(network)
      .then(({ token }) => readBalance(network.rpcUrl, token, address))
      .catch(() => undefined)
    this.#balance = { key: `${network.rpcUrl} ${network.registry} ${address}`, wei }
    this.changed()
  }

  async #sendAll(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const home = await this.#gather()
      for (const watcher of this.#watchers) watcher(home)
    }
  }

  async #gather(): Promise<Home> {
    const { wallet, book, isPlaying } = this.#ports
    const [state, entries] = await Promise.all([wallet.state(), book.list()])
    if (state.status === 'absent') return { wallet: state, chainReachable: true, purchases: [] }
    const { network, address } = state
    const known =
      this.#balance?.key === `${network.rpcUrl} ${network.registry} ${address}` ? this.#balance : undefined
    return {
      wallet: state,
      ...(known?.wei === undefined ? {} : { balanceWei: known.wei }),
      chainReachable: known === undefined || known.wei !== undefined,
      purchases: entries
        .filter(entry => entry.chainId === network.chainId && entry.buyer === address)
        .slice(0, shownPurchases)
        .map(entry => viewOf(entry, isPlaying(entry.purchase))),
    }
  }
}
