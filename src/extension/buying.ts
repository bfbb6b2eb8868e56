import type { Asked, Network } from '#bridge/shapes.ts'
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
import { budgetLeft, emptyLedger, type Ledger, releaseBudget, reserveBudget } from '#wallet/budget.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { signOrder } from '#wallet/order-signer.ts'
import { decideOrder } from '#wallet/policy.ts'
import type { Deployment } from './chain-glance.ts'
import type { NodeLink } from './node-link.ts'
import type { Prepared } from './player-desk.ts'
import type { PurchaseBook, PurchaseEntry } from './purchase-book.ts'
import type { Cell } from './store.ts'
import { randomTicket } from './stream-grants.ts'
import type { WalletDesk } from './wallet-desk.ts'

export type Funds = { readonly deployment: Deployment; readonly balanceWei: bigint }

type BuyingPorts = {
  readonly wallet: Pick<WalletDesk, 'stored'>
  readonly keyring: Keyring
  readonly book: PurchaseBook
  readonly node: Pick<NodeLink, 'ask'>
  readonly ledger: Cell<Ledger>
  /** Where the contracts are, and what the account has there now. */
  readonly funds: (network: Network, account: Address) => Promise<Funds>
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
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: BuyingPorts) {
    this.#ports = ports
  }

  /** What a video costs here and now, and whether it was bought before. Signs nothing. */
  async prepare(asked: Asked): Promise<Prepared> {
    const { wallet, node, random, keyring } = this.#ports
    const { network, account } = await wallet.stored()
    const [quote, { deployment, balanceWei }, locked] = await Promise.all([
      node.ask('quote', { network, video: asked.video, format: asked.format }),
      this.#ports.funds(network, account.address),
      keyring.isUnlocked().then(unlocked => !unlocked),
    ])
    const bought = await this.#findBought(asked, network, account.address)
    const { terms } = quote
    const offer = {
      ticket: randomTicket(random),
      title: quote.title,
      payee: terms.owner,
      priceWei: terms.price,
      hostsWei: collateralWei(quote),
      durationSeconds: quote.durationSeconds,
      balanceWei,
      bought: bought !== undefined,
    }
    if (bought === undefined && asked.priceMaxWei !== undefined && terms.price > asked.priceMaxWei)
      throw new ParatiiError('price-above-limit', { price: offer.priceWei.toString() })
    return { offer, locked, quote, deployment, bought }
  }

  /** Buys what was shown for at most what was agreed to. One purchase at a time: the budget is counted once. */
  buy(asked: Asked, prepared: Prepared, agreedWei: bigint): Promise<PurchaseNonce> {
    const bought = this.#turn.then(() => this.#buy(asked, prepared, agreedWei))
    this.#turn = bought.catch(() => undefined)
    return bought
  }

  /** Goes on with a purchase made before; sends its order again if nobody knows whether it arrived. */
  async reopen(entry: PurchaseEntry): Promise<PurchaseNonce> {
    const { node, wallet, keyring } = this.#ports
    const { network } = await wallet.stored()
    if (entry.order === undefined) {
      this.#ports.book.note(await node.ask('open', { network, purchase: entry.purchase }))
      return entry.purchase
    }
    const nodeKey = await keyring.purchaseKey(entry.chainId, entry.buyer, entry.salt)
    return this.#send(entry, network, entry.order, nodeKey)
  }

  async #buy(asked: Asked, prepared: Prepared, agreedWei: bigint): Promise<PurchaseNonce> {
    const { wallet, keyring, crypto, random, clock, ledger, book } = this.#ports
    const { network, account, budget } = await wallet.stored()
    const { offer, quote, deployment } = prepared
    // Another tab may have bought it since this one showed its price.
    const bought = await this.#findBought(asked, network, account.address)
    if (bought !== undefined) return this.reopen(bought)
    const { balanceWei } = await this.#ports.funds(network, account.address)
    const nowMs = clock.nowMs()
    const totalWei = orThrow(
      decideOrder(
        { ...offer, relayFeeWei, chainId: deployment.chainId, store: deployment.store },
        { payee: offer.payee, totalWei: agreedWei },
        {
          chainId: network.chainId,
          store: deployment.store,
          balanceWei,
          budgetLeftWei: budgetLeft((await ledger.read()) ?? emptyLedger, budget, nowMs),
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
        affiliate: nobody,
        chainId: network.chainId,
        store: deployment.store,
        payment: 'authorization',
      }),
    )
    // Promised before it is signed: whatever happens next, the budget has counted it.
    const { day } = await ledger.update(present =>
      orThrow(reserveBudget(present ?? emptyLedger, budget, totalWei, nowMs)),
    )
    const { order, nodeKey } = await signOrder(keyring, crypto, account.index, draft, deployment.token).catch(
      async thrown => {
        await this.#release(totalWei, day)
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
      budgetDay: day,
    }
    await book.add(entry)
    return this.#send(entry, network, order, nodeKey)
  }

  async #send(
    entry: PurchaseEntry,
    network: Network,
    order: Order,
    nodeKey: Uint8Array,
  ): Promise<PurchaseNonce> {
    const { node, book } = this.#ports
    try {
      await node.ask('buy', { network, order, nodeKey: hexFromBytes(nodeKey) })
    } catch (thrown) {
      const { code } = errorFrom(thrown)
      // Refused is over. Whoever was only not reached may have the order, so it stays and is sent again.
      if (familyOf(code) === 'Rejected' && code !== 'aborted') await this.#drop(entry)
      throw thrown
    } finally {
      nodeKey.fill(0)
    }
    await book.settle(entry.purchase, 'open')
    return entry.purchase
  }

  /** The purchase of this video that is still good, if there is one. */
  async #findBought(asked: Asked, network: Network, buyer: Address): Promise<PurchaseEntry | undefined> {
    const { book, clock, node } = this.#ports
    const entry = await book.findOpen({ ...asked, chainId: network.chainId, buyer })
    if (entry?.order === undefined) return entry
    if (clock.nowMs() < (entry.order.validUntil + orderGraceSeconds) * 1000) return entry
    // Too late to be submitted: either it is on the chain by now, or it never will be.
    try {
      await node.ask('open', { network, purchase: entry.purchase })
    } catch (thrown) {
      if (errorFrom(thrown).code !== 'purchase-unknown') throw thrown
      await this.#drop(entry)
      return undefined
    }
    await book.settle(entry.purchase, 'open')
    return book.get(entry.purchase)
  }

  async #drop(entry: PurchaseEntry): Promise<void> {
    await this.#ports.book.remove(entry.purchase)
    await this.#release(entry.totalWei, entry.budgetDay)
  }

  async #release(amountWei: bigint, day: number): Promise<void> {
    await this.#ports.ledger.update(ledger => releaseBudget(ledger ?? emptyLedger, amountWei, day))
  }
}
