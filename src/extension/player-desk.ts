import type { PlayerMessage, PlayerState, PlayerUpdate, TagEvent } from '#bridge/contract.ts'
import { failureOf } from '#bridge/failure.ts'
import type { NodeQuote } from '#bridge/node-contract.ts'
import type { Asked, Meter, Offer, Place, WalletState } from '#bridge/shapes.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Deployment } from './chain-glance.ts'
import type { PurchaseEntry } from './purchase-book.ts'

/** What a player shows before anything is bought, and what an order for it would be made of. */
export type Prepared = {
  readonly offer: Offer
  readonly locked: boolean
  readonly quote: NodeQuote
  readonly deployment: Deployment
  readonly bought: PurchaseEntry | undefined
}

type PlayerPorts = {
  readonly wallet: () => Promise<WalletState>
  readonly prepare: (asked: Asked, place: Place | undefined) => Promise<Prepared>
  /** Calls back when there is something to play, mostly before it is bought; resolves when it is. */
  readonly buy: (
    asked: Asked,
    prepared: Prepared,
    agreedWei: bigint,
    onReadable: (purchase: PurchaseNonce) => void,
  ) => Promise<PurchaseNonce>
  readonly reopen: (
    bought: PurchaseEntry,
    onReadable: (purchase: PurchaseNonce) => void,
  ) => Promise<PurchaseNonce>
  /** An offer is in sight: what costs nothing may be got ready. */
  readonly warm: (prepared: Prepared) => void
  /** Remembers that what costs no more may start on this site unasked. */
  readonly allowAlways: (site: string, upToWei: bigint) => Promise<void>
  readonly issueTicket: (purchase: PurchaseNonce) => Promise<string>
}

/** One open player page. */
export type PlayerSession = {
  receive(message: PlayerMessage): void
  walletChanged(): void
  noteMeter(meter: Meter): void
  stopped(purchase: PurchaseNonce): void
  /** The purchase that this player plays. */
  readonly purchase: PurchaseNonce | undefined
}

type SessionPorts = {
  readonly send: (update: PlayerUpdate) => void
  /** Dispatches an event on the tag that the player stands for. */
  readonly tell: (name: TagEvent['name'], detail: TagEvent['detail']) => void
}

const manifest = 'manifest.mpd'

/** Leads a player page from its tag to a playing purchase, one step at a time and only by the viewer's yes. */
export function openSession(ports: PlayerPorts, { send, tell }: SessionPorts): PlayerSession {
  let asked: Asked | undefined
  let place: Place | undefined
  let prepared: Prepared | undefined
  let purchase: PurchaseNonce | undefined
  let told: Meter | undefined
  /** Counts the steps, so that what an abandoned one finds is not shown. */
  let step = 0

  const show = (state: PlayerState): void => send({ type: 'state', state })

  const run = (work: (isCurrent: () => boolean) => Promise<void>): void => {
    const mine = ++step
    const isCurrent = (): boolean => mine === step
    work(isCurrent).catch(thrown => {
      if (!isCurrent()) return
      // What already played of a purchase that was refused ends here.
      step++
      purchase = undefined
      const failure = failureOf(thrown)
      if (failure.code === 'budget-exhausted') tell('paratii-budgetexhausted', {})
      show({ status: 'failed', failure })
    })
  }

  const offer = (video: Asked): void =>
    run(async isCurrent => {
      show({ status: 'finding' })
      prepared = undefined
      if ((await ports.wallet()).status === 'absent') {
        if (isCurrent()) show({ status: 'absent' })
        return
      }
      const found = await ports.prepare(video, place)
      if (!isCurrent()) return
      prepared = found
      show({ status: 'offered', locked: found.locked, offer: found.offer })
      ports.warm(found)
      const { priceWei, hostsWei, bought } = found.offer
      if (!bought)
        tell('paratii-paymentrequired', { priceWei: priceWei.toString(), hostsWei: hostsWei.toString() })
    })

  const watch = (video: Asked, found: Prepared, agreedWei: bigint, always: boolean): void =>
    run(async isCurrent => {
      if ((await ports.wallet()).status !== 'unlocked') throw new ParatiiError('wallet-locked')
      show({ status: 'buying' })
      const { site } = found.offer
      if (always && site !== undefined && place?.isDirect) await ports.allowAlways(site, agreedWei)
      let playing: Promise<void> | undefined
      const begin = (bought: PurchaseNonce): Promise<void> => {
        playing ??= play(bought)
        return playing
      }
      const play = async (bought: PurchaseNonce): Promise<void> => {
        if (!isCurrent()) return
        purchase = bought
        const [ticket, state] = await Promise.all([ports.issueTicket(bought), ports.wallet()])
        if (!isCurrent()) return
        const resumesAlone = state.status !== 'absent' && state.settings.resumesAlone
        const { title } = found.offer
        show({ status: 'ready', purchase: bought, ticket, manifest, title, resumesAlone })
      }
      // The free head plays while the purchase is made; what it fails of is told below.
      const onReadable = (readable: PurchaseNonce): void => void begin(readable).catch(() => undefined)
      await begin(
        found.bought === undefined
          ? await ports.buy(video, found, agreedWei, onReadable)
          : await ports.reopen(found.bought, onReadable),
      )
    })

  return {
    get purchase() {
      return purchase
    },
    receive(message) {
      if (message.type === 'open') {
        asked = message.asked
        place = message.place
        purchase = undefined
        offer(asked)
      } else if (message.type === 'follow') {
        // A player whose worker was restarted goes on: what it may stream is kept elsewhere.
        purchase = message.purchase
        asked = message.asked
        place = message.place
      } else if (
        message.type === 'watch' &&
        asked !== undefined &&
        prepared?.offer.ticket === message.ticket
      ) {
        const agreed = prepared
        // A yes is good once.
        prepared = undefined
        watch(asked, agreed, message.agreedWei, message.always === true)
      }
    },
    walletChanged() {
      if (purchase !== undefined) send({ type: 'wallet-changed' })
      else if (asked !== undefined) offer(asked)
    },
    noteMeter(meter) {
      if (meter.purchase !== purchase) return
      send({ type: 'meter', meter })
      if (told === undefined || meter.paidWei > told.paidWei)
        tell('paratii-payment', { paidWei: meter.paidWei.toString() })
      if (told === undefined || meter.verifiedBytes > told.verifiedBytes)
        tell('paratii-chunkverified', { verifiedBytes: meter.verifiedBytes })
      if (meter.failures > (told?.failures ?? 0)) tell('paratii-hosterror', { failures: meter.failures })
      told = meter
    },
    stopped(which) {
      if (which !== purchase) return
      purchase = undefined
      step++
      show({ status: 'stopped' })
    },
  }
}
