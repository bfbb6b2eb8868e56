import type { Approval } from '#bridge/provider.ts'
import type { Random } from '#std/ports/random.ts'
import { alreadyPending, type ProviderError, userRejected } from './provider-error.ts'
import { randomTicket } from './stream-grants.ts'

type Unasked<A> = A extends Approval ? Omit<A, 'id'> : never
/** An approval before it has a name. */
export type ApprovalAsked = Unasked<Approval>

type Waiting = {
  readonly approval: Approval
  readonly resolve: () => void
  readonly reject: (why: ProviderError) => void
}

type ApprovalPorts = {
  readonly random: Random
  /** Shows them to the person, who may be looking at something else. */
  readonly show: () => void
  readonly changed: () => void
}

/** However many sites ask at once, a person is shown no more than this. */
const mostWaiting = 8

/**
 * What waits for a person's yes. It lives in memory alone: a worker that ends leaves nothing to be said yes to, and
 * whoever asked hears that it ended. One at a time for each site, so that no site can bury a question under others.
 */
export class Approvals {
  readonly #ports: ApprovalPorts
  readonly #waiting = new Map<string, Waiting>()

  constructor(ports: ApprovalPorts) {
    this.#ports = ports
  }

  list(): readonly Approval[] {
    return [...this.#waiting.values()].map(({ approval }) => approval)
  }

  /** Resolves with the person's yes; throws their no, or what else ended it. */
  ask(asked: ApprovalAsked): Promise<void> {
    const isWaiting = this.list().some(({ origin }) => origin === asked.origin)
    if (isWaiting || this.#waiting.size >= mostWaiting) return Promise.reject(alreadyPending())
    const approval: Approval = { ...asked, id: randomTicket(this.#ports.random) }
    return new Promise<void>((resolve, reject) => {
      this.#waiting.set(approval.id, { approval, resolve, reject })
      this.#ports.changed()
      this.#ports.show()
    })
  }

  /** The person's answer; nothing happens if what was asked has ended meanwhile. */
  answer(id: string, isYes: boolean): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    if (isYes) waiting.resolve()
    else waiting.reject(userRejected())
    this.#ports.changed()
  }

  /** Ends what waits, of one site or of all. */
  end(why: ProviderError, origin?: string): void {
    for (const [id, { approval, reject }] of this.#waiting) {
      if (origin !== undefined && approval.origin !== origin) continue
      this.#waiting.delete(id)
      reject(why)
    }
    this.#ports.changed()
  }
}
