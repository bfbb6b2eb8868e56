import * as v from 'valibot'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/** The most that may be promised, whoever asks and however often. */
export type BudgetLimits = { readonly perVideoWei: bigint; readonly perDayWei: bigint }

const dayMs = 86_400_000
const wei = v.pipe(
  v.string(),
  v.regex(/^(?:0|[1-9][0-9]{0,39})$/),
  v.transform(text => BigInt(text)),
)

/** What was promised on one day (UTC), as it lies in storage: amounts as decimal text. */
export const ledgerSchema = v.object({ day: v.pipe(v.number(), v.integer()), promisedWei: wei })
export type Ledger = v.InferOutput<typeof ledgerSchema>

export const emptyLedger: Ledger = { day: 0, promisedWei: 0n }

export const encodeLedger = (ledger: Ledger): v.InferInput<typeof ledgerSchema> => ({
  day: ledger.day,
  promisedWei: ledger.promisedWei.toString(),
})

/** What may still be promised for one more video now. */
export function budgetLeft(ledger: Ledger, limits: BudgetLimits, nowMs: number): bigint {
  const leftWei = limits.perDayWei - today(ledger, nowMs).promisedWei
  if (leftWei >= limits.perVideoWei) return limits.perVideoWei
  return leftWei > 0n ? leftWei : 0n
}

/** The ledger with one more promise in it, to be stored before anything is signed; `budget-exhausted` if it is too much. */
export function reserveBudget(
  ledger: Ledger,
  limits: BudgetLimits,
  amountWei: bigint,
  nowMs: number,
): Result<Ledger> {
  if (amountWei > budgetLeft(ledger, limits, nowMs)) return failed('budget-exhausted')
  const { day, promisedWei } = today(ledger, nowMs)
  return ok({ day, promisedWei: promisedWei + amountWei })
}

/** The ledger after a promise of `day` that can no longer be taken up (the order was refused, or ran out). */
export function releaseBudget(ledger: Ledger, amountWei: bigint, day: number): Ledger {
  if (ledger.day !== day) return ledger
  const promisedWei = ledger.promisedWei - amountWei
  return { day, promisedWei: promisedWei < 0n ? 0n : promisedWei }
}

// A clock set back keeps the later day: yesterday cannot be spent twice.
const today = (ledger: Ledger, nowMs: number): Ledger => {
  const day = Math.floor(nowMs / dayMs)
  return day > ledger.day ? { day, promisedWei: 0n } : ledger
}
