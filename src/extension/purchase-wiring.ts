import * as v from 'valibot'
import { createLockLifelines } from '#bridge/lifeline.ts'
import type { nodeCallbacks } from '#bridge/node-contract.ts'
import type { PortHandlers } from '#bridge/port-rpc.ts'
import { foundPurchase } from '#bridge/reader-contract.ts'
import type { RequestHandlers } from '#bridge/rpc.ts'
import type { Meter, Network } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { ledgerSchema } from '#wallet/ledger.ts'
import { BudgetDesk } from './budget-desk.ts'
import { Buying } from './buying.ts'
import { type Deployments, readBalance, readChainTime, readPurchaseEnd } from './chain-glance.ts'
import { NodeLink } from './node-link.ts'
import type { OffscreenPlace } from './offscreen-place.ts'
import type { PlayerSession } from './player-desk.ts'
import { PurchaseBook, purchaseListSchema } from './purchase-book.ts'
import { Restoring, restoredSchema } from './restoring.ts'
import { Settlements } from './settlements.ts'
import type { SiteBook } from './site-book.ts'
import { createCell } from './store.ts'
import { grantsSchema, StreamGrants } from './stream-grants.ts'
import type { WalletDesk } from './wallet-desk.ts'
import { firstSettings } from './wallet-record.ts'

const bytesPerMiB = 1_048_576

type PurchaseWiring = {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly random: Random
  readonly wallet: WalletDesk
  readonly keyring: Keyring
  readonly sites: SiteBook
  readonly deployments: Deployments
  /** The players that are open now. */
  readonly sessions: ReadonlySet<PlayerSession>
  /** Where the node lives. */
  readonly place: OffscreenPlace
  readonly changed: () => void
  /** What the node asks and tells of viewings that pay. */
  readonly earning: Pick<PortHandlers<typeof nodeCallbacks>, 'sign-acceptance' | 'viewing'>
}

/** Wires what buys, keeps the budgets, and asks the node for what was bought. */
export function wirePurchases(wiring: PurchaseWiring) {
  const { clock, crypto, random, wallet, keyring, sites, deployments, sessions, place, changed } = wiring
  const { local, session } = chrome.storage
  const book = new PurchaseBook(createCell(local, 'purchases', purchaseListSchema), changed)
  const grants = new StreamGrants(createCell(session, 'grants', grantsSchema), random)
  const noteMeter = (meter: Meter): void => {
    book.note(meter)
    for (const player of sessions) player.noteMeter(meter)
  }
  const node = new NodeLink(
    place,
    createLockLifelines(),
    {
      ...wiring.earning,
      async 'node-key'({ purchase }) {
        const entry = await book.get(purchase)
        if (entry === undefined) throw new ParatiiError('purchase-unknown')
        return { nodeKey: hexFromBytes(await keyring.purchaseKey(entry.chainId, entry.buyer, entry.salt)) }
      },
      async meter(meter) {
        noteMeter(meter)
        return {}
      },
      async readable({ purchase }) {
        buying.noteReadable(purchase)
        return {}
      },
    },
    async () => {
      const state = await wallet.state()
      const { keptMiB } = state.status === 'absent' ? firstSettings : state.settings
      return { keptBytes: keptMiB * bytesPerMiB }
    },
  )
  const endOf = async (network: Network, purchase: PurchaseNonce): Promise<number | undefined> => {
    const { store } = await deployments.get(network)
    return readPurchaseEnd(connectNetwork(network), store, purchase)
  }
  const budgets = new BudgetDesk({ ledger: createCell(local, 'ledger', ledgerSchema), sites, changed })
  const buying = new Buying({
    wallet,
    keyring,
    book,
    node,
    async funds(network, account) {
      const deployment = await deployments.get(network)
      const rpc = connectNetwork(network)
      const [balanceWei, chainTimeMs] = await Promise.all([
        readBalance(rpc, deployment.token, account),
        readChainTime(rpc),
      ])
      return { deployment, balanceWei, chainTimeMs }
    },
    crypto,
    random,
    clock,
    isOnChain: async (network, purchase) => (await endOf(network, purchase)) !== undefined,
    budgets,
    sites,
  })
  const settlements = new Settlements({ wallet, book, node, budgets, endOf, nowMs: clock.nowMs })

  const restoring = new Restoring({
    wallet,
    isUnlocked: () => keyring.isUnlocked(),
    book,
    node,
    find: (network, buyer) => place.read({ type: 'find-purchases', network, buyer }, v.array(foundPurchase)),
    restored: createCell(local, 'restored', restoredSchema),
  })

  const handlers = {
    async 'purchase-stop'({ purchase }) {
      const { network } = await wallet.stored()
      await node.ask('stop', { network, purchase })
      await book.settle(purchase, 'closed')
      await grants.revoke(purchase)
      for (const player of sessions) player.stopped(purchase)
      return {}
    },
    async 'films-forget'() {
      await node.ask('forget', {})
      return {}
    },
  } satisfies Partial<RequestHandlers>

  return {
    book,
    grants,
    node,
    budgets,
    buying,
    handlers,
    /** Another setting may mean the node, if it runs. */
    settingsChanged(): void {
      node.tellAnew().catch(() => undefined)
    },
    /** What cannot be asked now is asked when the popup is opened again. */
    checkAll(): void {
      settlements.check().catch(() => undefined)
      buying.sweep().catch(() => undefined)
      this.restore()
    },
    /** What this profile does not know of the account is looked for, once. */
    restore(): void {
      restoring.check().catch(() => undefined)
    },
    /** A worker that was restarted hears of the node again only once it has asked something. */
    async hearOf(purchase: PurchaseNonce): Promise<void> {
      const { network } = await wallet.stored()
      noteMeter(await node.ask('open', { network, purchase }))
    },
  }
}
