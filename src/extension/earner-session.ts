import type {
  Attention,
  BidView,
  EarnAsked,
  EarnerMessage,
  EarnerState,
  EarnerUpdate,
  ViewingView,
} from '#bridge/earning.ts'
import { failureOf } from '#bridge/failure.ts'
import type { WalletState } from '#bridge/shapes.ts'
import type { Address, Hash } from '#std/brand.ts'

export type EarnerPorts = {
  readonly wallet: () => Promise<WalletState>
  readonly attention: () => Promise<Attention>
  readonly resume: () => Promise<ViewingView | undefined>
  readonly look: (site: Address | undefined) => Promise<readonly BidView[]>
  readonly choose: (bids: readonly BidView[]) => Promise<BidView | undefined>
  readonly accept: (bid: Hash) => Promise<ViewingView>
  readonly issueTicket: (viewing: Hash) => Promise<string>
}

/** One open player page whose tag wants to be paid for. */
export type EarnerSession = {
  receive(message: EarnerMessage): void
  walletChanged(): void
  note(viewing: ViewingView): void
}

/** Bidders of one look that are tried, one after the other, where the first does not keep its word. */
const mostTries = 3

/** Leads a player page from its tag to a viewing that pays: by the person's press, or by what it lets happen. */
export function openEarnerSession(
  ports: EarnerPorts,
  send: (update: EarnerUpdate) => void,
  tell: (earned: ViewingView) => void,
): EarnerSession {
  let asked: EarnAsked | undefined
  let status: EarnerState['status'] | undefined
  let bids: readonly BidView[] = []
  let viewing: Hash | undefined
  /** Counts the steps, so that what an abandoned one finds is not shown. */
  let step = 0

  const show = (state: EarnerState): void => {
    status = state.status
    send({ type: 'state', state })
  }

  const run = (work: (isCurrent: () => boolean) => Promise<void>): void => {
    const mine = ++step
    const isCurrent = (): boolean => mine === step
    work(isCurrent).catch(thrown => {
      if (isCurrent()) show({ status: 'failed', failure: failureOf(thrown) })
    })
  }

  const play = async (accepted: ViewingView, isCurrent: () => boolean): Promise<void> => {
    const { isAutomatic } = await ports.attention()
    const ticket = await ports.issueTicket(accepted.viewing)
    if (!isCurrent()) return
    viewing = accepted.viewing
    show({ status: 'ready', viewing: accepted, ticket, isAutomatic })
  }

  const take = async (bid: BidView, isCurrent: () => boolean): Promise<void> => {
    show({ status: 'accepting', title: bid.title })
    const accepted = await ports.accept(bid.hash)
    await play(accepted, isCurrent)
  }

  /** What the person lets happen by itself; a bidder that does not keep its word is passed by for the next. */
  const takeAlone = async (isCurrent: () => boolean): Promise<boolean> => {
    for (let tries = 1; ; tries++) {
      const chosen = await ports.choose(bids)
      if (chosen === undefined || !isCurrent()) return false
      try {
        await take(chosen, isCurrent)
        return true
      } catch (thrown) {
        if (tries === mostTries || !isCurrent()) throw thrown
        bids = bids.filter(bid => bid !== chosen)
      }
    }
  }

  const look = (site: Address | undefined): void =>
    run(async isCurrent => {
      viewing = undefined
      const wallet = await ports.wallet()
      if (wallet.status === 'absent') return show({ status: 'absent' })
      if (!(await ports.attention()).isOn) return show({ status: 'off' })
      if (wallet.status === 'locked') return show({ status: 'locked' })
      show({ status: 'looking' })
      const cutOff = await ports.resume()
      if (cutOff !== undefined) return play(cutOff, isCurrent)
      bids = await ports.look(site)
      if (!isCurrent()) return
      if ((await takeAlone(isCurrent)) || !isCurrent()) return
      const [best] = bids
      show(best === undefined ? { status: 'none' } : { status: 'offered', bid: best })
    })

  return {
    receive(message) {
      if (message.type === 'open') {
        asked = message.asked
        look(asked.affiliate)
      } else if (message.type === 'follow') {
        viewing = message.viewing
        status = 'ready'
      } else {
        const bid = bids.find(({ hash }) => hash === message.bid)
        // A yes is good once.
        bids = []
        if (status === 'offered' && bid !== undefined) run(isCurrent => take(bid, isCurrent))
      }
    },
    walletChanged() {
      if (asked !== undefined && status !== 'ready' && status !== 'accepting') look(asked.affiliate)
    },
    note(told) {
      if (told.viewing !== viewing) return
      send({ type: 'earned', viewing: told })
      tell(told)
    },
  }
}
