import type { Asked, Network, Place } from '#bridge/shapes.ts'
import { collateralWei, draftOrder } from '#payments/purchase.ts'
import type { Order } from '#protocol/order.ts'
import { purchaseNonceOf } from '#protocol/purchase-nonce.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Address, Hash, PurchaseNonce } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { errorFrom, familyOf, orThrow, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { signOrder } from '#wallet/order-signer.ts'
import { decideOrder } from '#wallet/policy.ts'
import type { BudgetDesk } from './budget-desk.ts'
import type { Deployment } from './chain-glance.ts'
import type { NodeLink } from './node-link.ts'
import type { Prepared } from './player-desk.ts'
import type { PurchaseBook, PurchaseEntry } from './purchase-book.ts'
import type { SiteBook } from './site-book.ts'
import { randomTicket } from './stream-grants.ts'
import type { WalletDesk } from './wallet-desk.ts'

/** Where the contracts are, what the account has there, and how late it is there. */
export type Funds = {
  readonly deployment: Deployment
  readonly balanceWei: bigint
  readonly chainTimeMs: number
}

type Readable = (purchase: PurchaseNonce) => void

type BuyingPorts = {
  readonly wallet: Pick<WalletDesk, 'stored'>
  readonly keyring: Keyring
  readonly book: PurchaseBook
  readonly node: Pick<NodeLink, 'ask'>
  readonly budgets: BudgetDesk
  readonly sites: Pick<SiteBook, 'get' | 'set'>
  readonly funds: (network: Network, account: Address) => Promise<Funds>
  /** Whether a purchase was ever opened: its name is a storage slot that never returns to zero. */
  readonly isOnChain: (network: Network, purchase: PurchaseNonce) => Promise<boolean>
  readonly crypto: Crypto
  readonly random: Random
  readonly clock: Clock
}

/** How long an order may wait for its publisher, in seconds. */
const orderSeconds = 600
/** How much longer a transaction sent in time may take to be mined. */
const orderGraceSeconds = 120
/** Publishers submit orders themselves: what that costs them is in their price. */
const relayFeeWei = 0n
const nobody = `0x${'00'.repeat(20)}` as Address

/** From a video's price to a purchase on the chain. Money is promised, signed and written down here, and nowhere else. */
export class Buying {
  readonly #ports: BuyingPorts
  /** Who waits until a purchase that is being made can be read. */
  readonly #waiting = new Map<PurchaseNonce, Readable>()
  #turn: Promise<unknown> = Promise.resolve()
  #recovered = false

  constructor(ports: BuyingPorts) {
    this.#ports = ports
  }

  /** What a video costs here and now, and whether it was bought before. Signs nothing. */
  async prepare(asked: Asked, place?: Place): Promise<Prepared> {
    const { wallet, node, random, keyring } = this.#ports
    const { network, account } = await wallet.stored()
    const [quote, { deployment, balanceWei }, locked] = await Promise.all([
      node.ask('quote', { network, video: asked.video, format: asked.format }),
      this.#ports.funds(network, account.address),
      keyring.isUnlocked().then(unlocked => !unlocked),
    ])
    const bought = await this.#findBought(asked, network, account.address)
    const { terms } = quote
    const rule = await this.#ports.sites.get(place?.origin)
    const totalWei = terms.price + collateralWei(quote) + relayFeeWei
    const offer = {
      ticket: randomTicket(random),
      title: quote.title,
      payee: terms.owner,
      priceWei: terms.price,
      hostsWei: collateralWei(quote),
      durationSeconds: quote.durationSeconds,
      balanceWei,
      ...(place === undefined ? {} : { site: place.origin }),
      // Somebody else's frame inside the site is not what was said yes to.
      isAgreed: place?.isDirect === true && rule.alwaysWei !== undefined && totalWei <= rule.alwaysWei,
      bought: bought !== undefined,
    }
    if (bought === undefined && asked.priceMaxWei !== undefined && terms.price > asked.priceMaxWei)
      throw new ParatiiError('price-above-limit', { price: offer.priceWei.toString() })
    return { offer, locked, quote, deployment, bought }
  }

  /**
   * Buys what was shown for at most what was agreed to. One purchase at a time: the budget is counted once.
   * `onReadable` is called as soon as the free head can be played, mostly before the chain has the purchase.
   */
  buy(asked: Asked, prepared: Prepared, agreedWei: bigint, onReadable?: Readable): Promise<PurchaseNonce> {
    const bought = this.#turn.then(async () => {
      await this.#recover()
      await this.sweep()
      return this.#buy(asked, prepared, agreedWei, onReadable)
    })
    this.#turn = bought.catch(() => undefined)
    return bought
  }

  /** Goes on with a purchase made before; sends its order again if nobody knows whether it arrived. */
  async reopen(entry: PurchaseEntry, onReadable?: Readable): Promise<PurchaseNonce> {
    const { node, wallet, keyring } = this.#ports
    const { network } = await wallet.stored()
    if (entry.order === undefined) {
      this.#ports.book.note(await node.ask('open', { network, purchase: entry.purchase }))
      return entry.purchase
    }
    const nodeKey = await keyring.purchaseKey(entry.chainId, entry.buyer, entry.salt)
    return this.#send(entry, network, entry.order, nodeKey, onReadable)
  }

  /** The node has what it takes to play a purchase that is being made. */
  noteReadable(purchase: PurchaseNonce): void {
    this.#waiting.get(purchase)?.(purchase)
  }

  /**
   * Has a purchase that is still good opened before anybody presses play: connections and exchanges are there then.
   * Asks nothing of a wallet that is locked, and pays for nothing.
   */
  async warm({ bought, locked }: Prepared): Promise<void> {
    if (bought === undefined || bought.order !== undefined || locked) return
    const { network } = await this.#ports.wallet.stored()
    await this.#ports.node.ask('open', { network, purchase: bought.purchase }).catch(() => undefined)
  }

  async #buy(
    asked: Asked,
    prepared: Prepared,
    agreedWei: bigint,
    onReadable: Readable | undefined,
  ): Promise<PurchaseNonce> {
    const { wallet, keyring, crypto, random, clock, budgets, book } = this.#ports
    const { network, account, budget } = await wallet.stored()
    const { offer, quote, deployment } = prepared
    // Another tab may have bought it since this one showed its price.
    const bought = await this.#findBought(asked, network, account.address)
    if (bought !== undefined) return this.reopen(bought, onReadable)
    const { balanceWei, chainTimeMs } = await this.#ports.funds(network, account.address)
    const nowMs = clock.nowMs()
    // A new day is one for this machine and for the chain: setting the clock forward gives no budget.
    const budgetTimeMs = Math.min(nowMs, chainTimeMs)
    const watched = { video: asked.video, ...(offer.site === undefined ? {} : { site: offer.site }) }
    const totalWei = orThrow(
      decideOrder(
        { ...offer, relayFeeWei, chainId: deployment.chainId, store: deployment.store },
        { payee: offer.payee, totalWei: agreedWei },
        {
          chainId: network.chainId,
          store: deployment.store,
          balanceWei,
          budgetLeftWei: await budgets.left(budget, watched, budgetTimeMs),
          ...(asked.priceMaxWei === undefined ? {} : { sitePriceMaxWei: asked.priceMaxWei }),
        },
      ),
    )
    const draft = orThrow(
      draftOrder(crypto, {
        terms: quote.terms,
        hosts: quote.hosts,
        capacity: quote.capacity,
        buyer: account.address,
        salt: hexFromBytes(random.bytes(32)) as Hash,
        relayFee: relayFeeWei,
        validUntil: Math.floor(nowMs / 1000) + orderSeconds,
        affiliate: asked.affiliate ?? nobody,
        chainId: network.chainId,
        store: deployment.store,
        payment: 'authorization',
      }),
    )
    // Promised before it is signed: whatever happens next, the budget has counted it.
    await budgets.reserve(budget, { ...watched, id: draft.salt, wei: totalWei }, budgetTimeMs)
    const { order, nodeKey } = await signOrder(keyring, crypto, account.index, draft, deployment.token).catch(
      async thrown => {
        await budgets.release(draft.salt)
        throw thrown
      },
    )
    const entry: PurchaseEntry = {
      purchase: purchaseNonceOf(draft, {
        signer: identityOf(crypto, nodeKey).address,
        allotments: draft.allotments,
        buyer: draft.buyer,
      }),
      title: offer.title,
      payee: offer.payee,
      boughtAtMs: nowMs,
      totalWei,
      paidWei: 0n,
      verifiedBytes: 0,
      totalBytes: quote.terms.size,
      hosts: 0,
      state: 'ordered',
      chainId: draft.chainId,
      buyer: draft.buyer,
      video: draft.id,
      format: draft.format,
      salt: draft.salt,
      order,
      validUntil: draft.validUntil,
      ...(offer.site === undefined ? {} : { site: offer.site }),
    }
    await book.add(entry)
    return this.#send(entry, network, order, nodeKey, onReadable)
  }

  async #send(
    entry: PurchaseEntry,
    network: Network,
    order: Order,
    nodeKey: Uint8Array,
    onReadable: Readable | undefined,
  ): Promise<PurchaseNonce> {
    const { node, book } = this.#ports
    if (onReadable !== undefined) this.#waiting.set(entry.purchase, onReadable)
    try {
      await node.ask('buy', { network, order, nodeKey: hexFromBytes(nodeKey) })
    } catch (thrown) {
      const { code } = errorFrom(thrown)
      // Whoever refused has the order all the same, and could submit it while it is valid: it stays promised so long.
      // Whoever was only not reached may have it, too, and is sent it again.
      if (familyOf(code) === 'Rejected' && code !== 'aborted') await book.settle(entry.purchase, 'refused')
      throw thrown
    } finally {
      this.#waiting.delete(entry.purchase)
      nodeKey.fill(0)
    }
    await book.settle(entry.purchase, 'open')
    return entry.purchase
  }

  /** The purchase of this video that is still good, if there is one. */
  async #findBought(asked: Asked, network: Network, buyer: Address): Promise<PurchaseEntry | undefined> {
    const { book } = this.#ports
    const entry = await book.findOpen({ ...asked, chainId: network.chainId, buyer })
    if (entry === undefined || !this.#isOverdue(entry)) return entry
    return (await this.#resolve(network, entry)) ? book.get(entry.purchase) : undefined
  }

  /** Its order was sent, or refused, and can no longer be submitted. */
  #isOverdue(entry: PurchaseEntry): boolean {
    if (entry.state !== 'refused' && entry.order === undefined) return false
    const { validUntil } = entry
    return this.#ports.clock.nowMs() >= (validUntil + orderGraceSeconds) * 1000
  }

  /** Too late to be submitted: either it is on the chain by now, or it never will be. Says which. */
  async #resolve(network: Network, entry: PurchaseEntry): Promise<boolean> {
    const isThere = await this.#ports.isOnChain(network, entry.purchase)
    if (isThere) await this.#ports.book.settle(entry.purchase, 'open')
    else await this.#drop(entry)
    return isThere
  }

  /** Looks at what was refused and is too old by now: what is not on the chain gives its promise back. */
  async sweep(): Promise<void> {
    const { network } = await this.#ports.wallet.stored()
    for (const entry of await this.#ports.book.list())
      if (entry.state === 'refused' && entry.chainId === network.chainId && this.#isOverdue(entry))
        await this.#resolve(network, entry)
  }

  async #drop(entry: PurchaseEntry): Promise<void> {
    await this.#ports.book.remove(entry.purchase)
    await this.#ports.budgets.release(entry.salt)
  }

  /** What an earlier worker promised, and ended before it wrote down, comes back before this one promises anything. */
  async #recover(): Promise<void> {
    if (this.#recovered) return
    const { book, budgets } = this.#ports
    await budgets.releaseUnwritten(new Set((await book.list()).map(({ salt }) => salt)))
    this.#recovered = true
  }
}
