import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import {
  budgetLeft,
  emptyLedger,
  encodeLedger,
  ledgerSchema,
  releaseBudget,
  reserveBudget,
} from './budget.ts'

const limits = { perVideoWei: 6n, perDayWei: 10n }
const noonMs = Date.UTC(2026, 4, 1, 12)
const dayMs = 86_400_000

const reserved = (amountWei: bigint, ledger = emptyLedger, nowMs = noonMs) => {
  const result = reserveBudget(ledger, limits, amountWei, nowMs)
  if (!result.ok) throw new Error(result.error.code)
  return result.value
}

describe('the budget', () => {
  it('lets one video take what one video may, and no more', () => {
    expect(reserved(6n).promisedWei).toBe(6n)
    expect(reserveBudget(emptyLedger, limits, 7n, noonMs)).toMatchObject({
      error: { code: 'budget-exhausted' },
    })
  })

  it('is used up by the day, to the last unit', () => {
    const ledger = reserved(4n, reserved(6n))
    expect(budgetLeft(ledger, limits, noonMs)).toBe(0n)
    expect(reserveBudget(ledger, limits, 1n, noonMs).ok).toBe(false)
  })

  it('begins anew the next day, and not when the clock goes back', () => {
    const ledger = reserved(6n)
    expect(budgetLeft(ledger, limits, noonMs + dayMs)).toBe(6n)
    expect(budgetLeft(ledger, limits, noonMs - dayMs)).toBe(4n)
  })

  it('gets back what was not taken up, on the day it was promised', () => {
    const ledger = reserved(6n)
    expect(budgetLeft(releaseBudget(ledger, 6n, ledger.day), limits, noonMs)).toBe(6n)
    const next = reserved(3n, ledger, noonMs + dayMs)
    expect(releaseBudget(next, 6n, ledger.day)).toEqual(next)
  })

  it('survives its storage', () => {
    const ledger = reserved(5n)
    expect(v.parse(ledgerSchema, JSON.parse(JSON.stringify(encodeLedger(ledger))))).toEqual(ledger)
  })
})
