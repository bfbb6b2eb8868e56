import type { PlayerUpdate } from '#bridge/contract.ts'
import type { Control, Media } from '#bridge/page-control.ts'
import type { Asked, Place } from '#bridge/shapes.ts'
import type { Random } from '#std/ports/random.ts'
import { randomTicket } from './stream-grants.ts'

type Player = { readonly origin: string; readonly send: (update: PlayerUpdate) => void }

/** A player page that has not answered by then does not play. */
const patienceMs = 5_000

/** The players of tags, as pages may steer them: each by those pages alone that it stands in. */
export class PlayerControls {
  readonly #random: Random
  readonly #players = new Map<string, Player>()
  readonly #waiting = new Map<string, (media: Media | undefined) => void>()

  constructor(random: Random) {
    this.#random = random
  }

  /** A player says which tag it stands in, and where; known until `closed`. */
  note({ element }: Asked, place: Place | undefined, send: Player['send'], closed: AbortSignal): void {
    if (element === undefined || place === undefined || closed.aborted) return
    const player = { origin: place.origin, send }
    this.#players.set(element, player)
    closed.addEventListener('abort', () => {
      if (this.#players.get(element) === player) this.#players.delete(element)
    })
  }

  /** How it stands after that; `undefined` if nothing plays in such a tag of that site. */
  control(origin: string, element: string, control: Control): Promise<Media | undefined> {
    const player = this.#players.get(element)
    if (player?.origin !== origin) return Promise.resolve(undefined)
    const id = randomTicket(this.#random)
    return new Promise(resolve => {
      const timer = setTimeout(() => this.answered(id, undefined), patienceMs)
      this.#waiting.set(id, media => {
        clearTimeout(timer)
        resolve(media)
      })
      player.send({ type: 'control', id, control })
    })
  }

  answered(id: string, media: Media | undefined): void {
    this.#waiting.get(id)?.(media)
    this.#waiting.delete(id)
  }
}
