import type { Address } from '#std/brand.ts'
import type { StandingBid } from './auction.ts'

/** What a viewer lets happen by itself, and how much of it. Seconds are of video, a day is one of UTC. */
export type AcceptingPolicy = {
  /** Accept the best bid without asking; otherwise each by hand. */
  readonly isAutomatic: boolean
  readonly secondsPerDay: number
  readonly secondsPerAdvertiser: number
}

/** What was accepted in one day. */
export type WatchedDay = {
  /** Days since 1970. */
  readonly day: number
  readonly seconds: number
  readonly ofAdvertiser: Readonly<Record<Address, number>>
}

const dayMs = 86_400_000

/** The day's count as it is now: an older day counts nothing. */
export const watchedToday = (watched: WatchedDay | undefined, nowMs: number): WatchedDay => {
  const day = Math.floor(nowMs / dayMs)
  return watched?.day === day ? watched : { day, seconds: 0, ofAdvertiser: {} }
}

/** The first of the ranked bids that the day's caps leave room for, with the day's count once it is accepted. */
export const chooseBid = <B extends StandingBid & { readonly length: number }>(
  policy: AcceptingPolicy,
  ranked: readonly B[],
  watched: WatchedDay | undefined,
  nowMs: number,
): { readonly bid: B; readonly watched: WatchedDay } | undefined => {
  const today = watchedToday(watched, nowMs)
  for (const bid of ranked) {
    const seconds = today.seconds + bid.length
    const ofAdvertiser = (today.ofAdvertiser[bid.payer] ?? 0) + bid.length
    if (seconds > policy.secondsPerDay || ofAdvertiser > policy.secondsPerAdvertiser) continue
    return {
      bid,
      watched: { ...today, seconds, ofAdvertiser: { ...today.ofAdvertiser, [bid.payer]: ofAdvertiser } },
    }
  }
  return undefined
}
