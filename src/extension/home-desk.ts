import type { HomeUpdate } from '#bridge/contract.ts'
import { type EarningView, firstAttention } from '#bridge/earning.ts'
import type { Home, Network } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import type { Address, PurchaseNonce } from '#std/brand.ts'
import type { Approvals } from './approvals.ts'
import type { BudgetDesk } from './budget-desk.ts'
import { type Deployments, noRegistry, readBalance, readEther } from './chain-glance.ts'
import { type PurchaseBook, viewOf } from './purchase-book.ts'
import type { Sending } from './sending.ts'
import type { SiteBook } from './site-book.ts'
import type { WalletDesk } from './wallet-desk.ts'

type HomePorts = {
  readonly wallet: WalletDesk
  readonly book: PurchaseBook
  readonly deployments: Deployments
  readonly sites: Pick<SiteBook, 'list'>
  readonly budgets: Pick<BudgetDesk, 'use'>
  readonly approvals: Pick<Approvals, 'list'>
  readonly sending: Pick<Sending, 'list' | 'check'>
  readonly earning: (network: Network, payee: Address) => Promise<EarningView>
  readonly nowMs: () => number
  readonly isPlaying: (purchase: PurchaseNonce) => boolean
}

const balanceEveryMs = 10_000

/** What an account was last seen to have; without amounts while the chain could not be reached. */
type Balance = { readonly key: string; readonly wei?: bigint; readonly etherWei?: bigint }
type Told = Omit<HomeUpdate, 'type'>

/** What the popup shows, sent whole to every open popup whenever any of it changes. */
export class HomeDesk {
  readonly #ports: HomePorts
  readonly #watchers = new Set<(told: Told) => void>()
  #balance: Balance | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #sending = false
  #again = false

  constructor(ports: HomePorts) {
    this.#ports = ports
  }

  /** Sends `watcher` the present state and every later one, until the function returned is called. */
  watch(watcher: (told: Told) => void): () => void {
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
    const key = keyOf(network, address)
    const rpc = connectNetwork(network)
    this.#balance = await Promise.all([
      network.registry === noRegistry
        ? 0n
        : this.#ports.deployments.get(network).then(({ token }) => readBalance(rpc, token, address)),
      readEther(rpc, address),
    ]).then(
      ([wei, etherWei]) => ({ key, wei, etherWei }),
      () => ({ key }),
    )
    // What became of what was sent shows the same trouble with the chain as the balance does.
    await this.#ports.sending.check(network).catch(() => undefined)
    this.changed()
  }

  async #sendAll(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const told = await this.#gather()
      for (const watcher of this.#watchers) watcher(told)
    }
  }

  async #gather(): Promise<Told> {
    const { wallet, book, isPlaying, approvals, earning, sending, sites, budgets, nowMs } = this.#ports
    const [state, entries, transfers, rules, used] = await Promise.all([
      wallet.state(),
      book.list(),
      sending.list(),
      sites.list(),
      budgets.use(nowMs()),
    ])
    const shared = {
      used: { dayWei: used.dayWei, monthWei: used.monthWei },
      sites: await Promise.all(
        Object.entries(rules).map(async ([origin, rule]) => {
          const { siteWei } = await budgets.use(nowMs(), origin)
          return { origin, rule, usedTodayWei: siteWei }
        }),
      ),
    }
    if (state.status === 'absent')
      return {
        home: { ...shared, wallet: state, chainReachable: true, hasParatii: true, purchases: [] },
        approvals: [],
        transfers: [],
        earning: { attention: firstAttention, viewings: [] },
      }
    const { network, address } = state
    const known = this.#balance?.key === keyOf(network, address) ? this.#balance : undefined
    const home: Home = {
      ...shared,
      wallet: state,
      ...(known?.wei === undefined ? {} : { balanceWei: known.wei }),
      ...(known?.etherWei === undefined ? {} : { etherWei: known.etherWei }),
      chainReachable: known === undefined || known.wei !== undefined,
      hasParatii: network.registry !== noRegistry,
      purchases: entries
        .filter(entry => entry.chainId === network.chainId && entry.buyer === address)
        .map(entry => viewOf(entry, isPlaying(entry.purchase))),
    }
    return {
      home,
      approvals: [...approvals.list()],
      earning: await earning(network, address),
      transfers: transfers.filter(one => one.chainId === network.chainId && one.from === address),
    }
  }
}

const keyOf = ({ rpcUrl, registry }: Network, address: Address): string => `${rpcUrl} ${registry} ${address}`
