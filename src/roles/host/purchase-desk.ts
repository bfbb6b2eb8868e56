import { multiaddrFromUrl } from '#network/address.ts'
import type { DirectoryShelf } from '#network/directory-shelf.ts'
import type { ExchangeHost } from '#network/exchange-server.ts'
import { findAllotment, nameOrder } from '#protocol/check-order.ts'
import { type HostInit, type ViewerInit, verifyInitProof } from '#protocol/exchange.ts'
import type { Order } from '#protocol/order.ts'
import type { Receipt } from '#protocol/receipt.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Address, Hash, PublicKey, PurchaseNonce } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import { Account } from './account.ts'
import { findKeptVideo } from './kept-videos.ts'
import type { HostPorts } from './ports.ts'
import { findReceipt, savePurchase } from './served-purchases.ts'

/** How long the chain's word on a purchase is believed without asking again. */
const chainWordMs = 15_000

export type PurchaseDeskOptions = {
  readonly ports: HostPorts
  readonly shelf: DirectoryShelf
  readonly identity: { readonly publicKey: PublicKey; readonly address: Address }
  /** URL of our data plane as others reach it, if there is one. */
  readonly url: () => string | undefined
  readonly onReceipt: (account: Account, receipt: Receipt) => void
}

type Seat = { readonly account: Account; checkedAtMs: number }

/** Decides which purchases are served, and keeps one account for each. */
export class PurchaseDesk implements ExchangeHost {
  readonly #options: PurchaseDeskOptions
  readonly #seats = new Map<PurchaseNonce, Seat>()
  readonly #opening = new Map<PurchaseNonce, Promise<Account>>()

  constructor(options: PurchaseDeskOptions) {
    this.#options = options
  }

  greet(): HostInit {
    const { ports, identity } = this.#options
    return { nonce: hexFromBytes(ports.random.bytes(32)) as Hash, key: identity.publicKey }
  }

  /** Checks order, branch, proof and chain; the account is the same for every exchange of a purchase. */
  async open(viewer: ViewerInit, greeting: HostInit, signal: AbortSignal): Promise<Account> {
    const { config, crypto, reader } = this.#options.ports
    const { videoStore, token } = await reader.addresses(signal)
    const named = orThrow(
      nameOrder(crypto, viewer.order, { chainId: config.chainId, store: videoStore, token }),
    )
    orThrow(verifyInitProof(crypto, greeting, named.nonce, viewer.proof, named.signer))
    const seat = this.#seats.get(named.nonce)
    if (seat !== undefined) {
      await this.#check(seat, signal)
      return seat.account
    }
    const opening = this.#opening.get(named.nonce) ?? this.#begin(viewer, named, signal)
    this.#opening.set(named.nonce, opening)
    return opening.finally(() => this.#opening.delete(named.nonce))
  }

  /** The account of an open purchase, still good by the chain; `purchase-unknown` tells a viewer to introduce itself again. */
  async find(nonce: PurchaseNonce, signal: AbortSignal): Promise<Account> {
    const seat = this.#seats.get(nonce)
    if (seat === undefined) throw new ParatiiError('purchase-unknown', { nonce })
    await this.#check(seat, signal)
    return seat.account
  }

  /** Serves a purchase no more. */
  end(nonce: PurchaseNonce): void {
    this.#seats.get(nonce)?.account.gate.end('purchase-ended')
    this.#seats.delete(nonce)
  }

  /** Ends all waiting streams, for a stop. */
  endAll(): void {
    for (const { account } of this.#seats.values()) account.gate.end('stopping')
  }

  async #begin(
    { order, leaf }: ViewerInit,
    { nonce, signer }: { readonly nonce: PurchaseNonce; readonly signer: Address },
    signal: AbortSignal,
  ): Promise<Account> {
    const { ports, shelf, identity, url, onReceipt } = this.#options
    const { blocks, clock, config, crypto, records } = ports
    const host = { leaf, payee: identity.address, payout: config.payout }
    const allotment = orThrow(findAllotment(order, host))
    if (order.terms.fee < config.minimumFeeWei) throw new ParatiiError('not-replicated', { reason: 'fee' })
    const root = cidFromRoot(order.terms.root)
    const kept = await findKeptVideo(records, { id: order.id, format: order.format, root })
    if (kept === undefined || kept.owner !== order.terms.owner)
      throw new ParatiiError('not-replicated', { root })
    await this.#checkChain(nonce, order, signal)
    const purchase = { nonce, signer, order, leaf }
    const receipt = await findReceipt(records, nonce)
    const directory = await shelf.directory(root)
    await savePurchase(records, purchase)
    const account: Account = new Account({
      crypto,
      records,
      blocks,
      purchase,
      allotment,
      expectation: {
        store: paratiiDomain(order.chainId, order.store),
        nonce,
        signer,
        owner: kept.ownerNode,
        leaf,
        key: identity.publicKey,
      },
      directory,
      root,
      receipt,
      http: () => multiaddrFromUrl(url() ?? ''),
      check: asked => this.find(nonce, asked),
      onReceipt: stored => onReceipt(account, stored),
    })
    this.#seats.set(nonce, { account, checkedAtMs: clock.nowMs() })
    return account
  }

  async #check(seat: Seat, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.ports
    if (clock.nowMs() - seat.checkedAtMs < chainWordMs) return
    const { nonce, order } = seat.account.purchase
    try {
      await this.#checkChain(nonce, order, signal)
      seat.checkedAtMs = clock.nowMs()
    } catch (thrown) {
      if (thrown instanceof ParatiiError && thrown.code === 'purchase-ended') this.end(nonce)
      throw thrown
    }
  }

  /** Served from the purchase's confirmation until its close is requested, or two periods before it ends by itself. */
  async #checkChain(nonce: PurchaseNonce, order: Order, signal: AbortSignal): Promise<void> {
    const { reader } = this.#options.ports
    const state = await reader.purchase(nonce, signal)
    if (state === undefined) throw new ParatiiError('purchase-unknown', { nonce })
    if (state.buyer !== undefined && state.buyer !== order.buyer)
      throw new ParatiiError('order-mismatch', { field: 'buyer' })
    const [head, periodSeconds] = await Promise.all([reader.head(signal), reader.periodSeconds(signal)])
    const lastSeconds = state.escrowEnd - 2 * periodSeconds
    if (state.closing || state.reclaimed || head.timestampSeconds >= lastSeconds) {
      throw new ParatiiError('purchase-ended', { nonce })
    }
  }
}
