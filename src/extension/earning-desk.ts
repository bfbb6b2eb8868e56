import type * as v from 'valibot'
import {
  type Attention,
  type acceptanceSchema,
  type BidView,
  type EarningView,
  firstAttention,
  type ViewingView,
} from '#bridge/earning.ts'
import type { Network } from '#bridge/shapes.ts'
import { chooseBid, type WatchedDay, watchedToday } from '#market/accepting.ts'
import { rankBids } from '#market/auction.ts'
import { signAcceptance } from '#protocol/acceptance.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Address, Hash, Signature } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Keyring } from '#wallet/keyring.ts'
import type { NodeLink } from './node-link.ts'
import type { Cell } from './store.ts'
import type { WalletDesk } from './wallet-desk.ts'

/** What is remembered between two looks: what was accepted today, and who did not keep an accepted bid. */
export type EarningMemory = {
  readonly watched?: WatchedDay | undefined
  readonly failed: Readonly<Record<Address, number>>
}

type EarningPorts = {
  readonly wallet: Pick<WalletDesk, 'stored' | 'state'>
  readonly keyring: Pick<Keyring, 'signWith' | 'isUnlocked'>
  readonly node: Pick<NodeLink, 'ask'>
  readonly attention: Cell<Attention>
  readonly memory: Cell<EarningMemory>
  /** The person's languages, the best first. */
  readonly languages: () => Promise<readonly string[]>
  /** Where a network has its Campaigns. */
  readonly campaigns: (network: Network) => Promise<Address>
  /** What was stored of an account's viewings on a network. */
  readonly viewings: (network: Network, payee: Address) => Promise<readonly ViewingView[]>
  readonly clock: Clock
  readonly crypto: Crypto
  readonly changed: () => void
}

/** Bidders that broke their word are forgotten when there are more. */
const mostFailed = 200

/** The person's side of being paid: what is wanted, which bid is taken, and the one signature that it needs. */
export class EarningDesk {
  readonly #ports: EarningPorts
  /** Bids that were said yes to and wait for their signature, with what was seen of them. */
  readonly #agreed = new Map<Hash, BidView>()
  readonly #running = new Map<Hash, ViewingView>()
  #heard: readonly BidView[] = []
  /** A bid that was pressed in the popup: the next player that looks plays it. */
  #chosen: Hash | undefined

  constructor(ports: EarningPorts) {
    this.#ports = ports
  }

  async attention(): Promise<Attention> {
    return (await this.#ports.attention.read()) ?? firstAttention
  }

  async setAttention(attention: Attention): Promise<void> {
    await this.#ports.attention.update(() => attention)
    this.#ports.changed()
  }

  /** Asks for bids; those that are good enough, the best first. `site`: whose part may be taken off. */
  async look(site?: Address): Promise<readonly BidView[]> {
    const { node, wallet, memory, clock, languages } = this.#ports
    const { network } = await wallet.stored()
    const { minimumWei } = await this.attention()
    const { bids } = await node.ask('bids', {
      network,
      minimumWei,
      languages: [...(await languages())].slice(0, 8),
      longest: longestSeconds,
    })
    const failed = (await memory.read())?.failed ?? {}
    // A part that goes to another site than this one is none of its business, and none of ours.
    const fair = bids.filter(({ affiliate, affiliateBps }) => affiliateBps === 0 || affiliate === site)
    const counts = new Map(Object.entries(failed) as [Address, number][])
    const ranked = rankBids(fair, minimumWei, clock.nowMs(), counts)
    this.#heard = ranked.flatMap(({ hash }) => fair.filter(bid => bid.hash === hash))
    return this.#heard
  }

  /** Of bids just heard, the one that was pressed in the popup, else the one that is taken by itself, if any. */
  async choose(bids: readonly BidView[]): Promise<BidView | undefined> {
    const chosen = bids.find(({ hash }) => hash === this.#chosen)
    this.#chosen = undefined
    if (chosen !== undefined) return chosen
    const attention = await this.attention()
    if (!attention.isAutomatic) return undefined
    const watched = (await this.#ports.memory.read())?.watched
    return chooseBid(attention, bids, watched, this.#ports.clock.nowMs())?.bid
  }

  /** A press in the popup: the player that is opened for it plays this bid. Throws `bid-unknown`. */
  press(hash: Hash): void {
    if (!this.#heard.some(bid => bid.hash === hash)) throw new ParatiiError('bid-unknown')
    this.#chosen = hash
  }

  /** The bids of the last look without asking anybody again, if the pressed one is among them. */
  get pressed(): readonly BidView[] | undefined {
    return this.#heard.some(({ hash }) => hash === this.#chosen) ? this.#heard : undefined
  }

  /** Takes a bid of the last look. A bidder that does not keep it counts for less from then on. */
  async accept(hash: Hash): Promise<ViewingView> {
    const { node, wallet, keyring, memory, clock } = this.#ports
    const bid = this.#heard.find(one => one.hash === hash)
    if (bid === undefined) throw new ParatiiError('bid-unknown')
    if (!(await keyring.isUnlocked())) throw new ParatiiError('wallet-locked')
    const { network, account } = await wallet.stored()
    // What a day allows is counted before it is used: a worker that dies here has accepted no more than that.
    await memory.update(before => ({
      failed: before?.failed ?? {},
      watched: addWatched(before?.watched, bid, clock.nowMs()),
    }))
    this.#heard = this.#heard.filter(one => one.hash !== hash)
    this.#agreed.set(hash, bid)
    try {
      const viewing = await node.ask('accept', { network, bid: hash, payee: account.address })
      this.note(viewing)
      return viewing
    } catch (thrown) {
      await memory.update(before => ({ ...before, failed: addFailed(before?.failed ?? {}, bid.payer) }))
      throw thrown
    } finally {
      this.#agreed.delete(hash)
    }
  }

  /** Signs what the node asks for if it is a bid that was said yes to, on its terms, and costs nothing. */
  async sign(acceptance: v.InferOutput<typeof acceptanceSchema>): Promise<Signature> {
    const { wallet, keyring, crypto, campaigns } = this.#ports
    const bid = this.#agreed.get(acceptance.bid)
    const { network, account } = await wallet.stored()
    const isAgreed =
      bid !== undefined &&
      acceptance.payee === account.address &&
      acceptance.payer === bid.payer &&
      acceptance.payer !== account.address &&
      acceptance.rate === bid.rateWei &&
      acceptance.rate >= 0n &&
      acceptance.length === bid.length
    if (!isAgreed) throw new ParatiiError('not-permitted')
    const domain = paratiiDomain(network.chainId, await campaigns(network))
    return keyring.signWith(account.index, key => signAcceptance(crypto, domain, acceptance, key))
  }

  /** Takes up what was cut off when its page or the browser ended. */
  async resume(): Promise<ViewingView | undefined> {
    const { node, wallet } = this.#ports
    const { network, account } = await wallet.stored()
    const { viewing } = await node.ask('viewing-resume', { network, payee: account.address })
    if (viewing !== undefined) this.note(viewing)
    return viewing
  }

  /** A worker that was restarted hears of the node again only once it has asked something. */
  async hearOf(viewing: Hash): Promise<ViewingView> {
    const { network } = await this.#ports.wallet.stored()
    const told = await this.#ports.node.ask('viewing', { network, viewing })
    this.note(told)
    return told
  }

  async stop(viewing: Hash): Promise<void> {
    const { network } = await this.#ports.wallet.stored()
    await this.#ports.node.ask('viewing-stop', { network, viewing })
  }

  note(viewing: ViewingView): void {
    if (viewing.isRunning) this.#running.set(viewing.viewing, viewing)
    else this.#running.delete(viewing.viewing)
    this.#ports.changed()
  }

  async view(network: Network, payee: Address): Promise<EarningView> {
    const stored = await this.#ports.viewings(network, payee)
    return {
      attention: await this.attention(),
      viewings: stored
        .map(one => ({ ...one, isRunning: this.#running.has(one.viewing) }))
        .toSorted((one, other) => other.acceptedAtMs - one.acceptedAtMs)
        .slice(0, 500),
    }
  }
}

/** Seconds that a video may last which pays. */
const longestSeconds = 600

const addWatched = (
  watched: WatchedDay | undefined,
  { length, payer }: BidView,
  nowMs: number,
): WatchedDay => {
  const today = watchedToday(watched, nowMs)
  const ofAdvertiser = { ...today.ofAdvertiser, [payer]: (today.ofAdvertiser[payer] ?? 0) + length }
  return { ...today, seconds: today.seconds + length, ofAdvertiser }
}

const addFailed = (failed: EarningMemory['failed'], payer: Address): EarningMemory['failed'] => {
  const { [payer]: before = 0, ...others } = failed
  return Object.fromEntries([...Object.entries(others).slice(1 - mostFailed), [payer, before + 1]])
}
