import type { Hash, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'
import type { Ledger, Reservation } from './ledger.ts'

/** The most that may be promised, whoever asks and however often. Days and months are those of UTC. */
export type BudgetLimits = {
  readonly perVideoWei: bigint
  readonly perDayWei: bigint
  readonly perMonthWei: bigint
}

/** What is to be promised: for which video, and on which site it is watched (none: a page of our own). */
export type BudgetAsk = {
  /** Names the promise: its purchase's salt. */
  readonly id: Hash
  readonly video: VideoId
  readonly site?: string
  readonly wei: bigint
}

/** What one site may take in a day; 0: it may never take anything. */
export type SiteLimit = { readonly perDayWei?: bigint }

/** What is promised and not come back, by the day, the month, one video today and one site today. */
export type BudgetUse = {
  readonly dayWei: bigint
  readonly monthWei: bigint
  readonly videoWei: bigint
  readonly siteWei: bigint
}

const dayMs = 86_400_000

/** The day of a time, unless the book has seen a later one: a clock set back cannot spend a day twice. */
export const dayOf = (ledger: Ledger, nowMs: number): number =>
  Math.max(ledger.day, Math.floor(nowMs / dayMs))

/** What counts against the budget now. */
export function budgetUse(
  ledger: Ledger,
  asked: Partial<Pick<BudgetAsk, 'video' | 'site'>>,
  nowMs: number,
): BudgetUse {
  const day = dayOf(ledger, nowMs)
  const month = monthOf(day)
  const sum = (counts: (one: Reservation) => boolean): bigint =>
    ledger.reservations.reduce((total, one) => (counts(one) ? total + one.wei : total), 0n)
  return {
    dayWei: sum(one => one.day === day),
    monthWei: sum(one => monthOf(one.day) === month),
    videoWei: sum(one => one.day === day && one.video === asked.video),
    siteWei: sum(one => one.day === day && asked.site !== undefined && one.site === asked.site),
  }
}

/** What may still be promised for this video, here and now: the least that any of the limits leaves. */
export function budgetLeft(
  ledger: Ledger,
  limits: BudgetLimits,
  site: SiteLimit,
  asked: Pick<BudgetAsk, 'video' | 'site'>,
  nowMs: number,
): bigint {
  const use = budgetUse(ledger, asked, nowMs)
  const lefts = [
    limits.perVideoWei - use.videoWei,
    limits.perDayWei - use.dayWei,
    limits.perMonthWei - use.monthWei,
    ...(site.perDayWei === undefined ? [] : [site.perDayWei - use.siteWei]),
  ]
  return lefts.some(left => left <= 0n) ? 0n : leastOf(lefts)
}

/**
 * The book with one more promise in it, to be stored before anything is signed; `budget-exhausted` if any limit would
 * be passed. A promise already in the book is counted once.
 */
export function reserveBudget(
  ledger: Ledger,
  limits: BudgetLimits,
  site: SiteLimit,
  asked: BudgetAsk,
  nowMs: number,
): Result<Ledger> {
  if (ledger.reservations.some(({ id }) => id === asked.id)) return ok(ledger)
  if (asked.wei > budgetLeft(ledger, limits, site, asked, nowMs)) return failed('budget-exhausted')
  const day = dayOf(ledger, nowMs)
  const kept = ledger.reservations.filter(one => monthOf(one.day) === monthOf(day))
  return ok({ ...ledger, day, reservations: [...kept, { ...asked, day }] })
}

/** The book without a promise that can no longer be taken up: the order was refused, ran out, or was never sent. */
export const releaseReservation = (ledger: Ledger, id: Hash): Ledger => ({
  ...ledger,
  reservations: ledger.reservations.filter(one => one.id !== id || one.isFinal === true),
})

/** The book after a purchase ended: what it paid stays counted, the rest came back. Nothing changes it any more. */
export const settleReservation = (ledger: Ledger, id: Hash, paidWei: bigint): Ledger => ({
  ...ledger,
  reservations: ledger.reservations.map(one =>
    one.id !== id || one.isFinal === true
      ? one
      : { ...one, wei: paidWei < one.wei ? paidWei : one.wei, isFinal: true },
  ),
})

const leastOf = (amounts: readonly bigint[]): bigint =>
  amounts.toSorted((one, other) => (one < other ? -1 : 1))[0] ?? 0n

/** Which month a day lies in, as a number that grows: months since 1970. */
const monthOf = (day: number): number => {
  const date = new Date(day * dayMs)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}
