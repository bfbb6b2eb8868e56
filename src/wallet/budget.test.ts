import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { Hash, VideoId } from '#std/brand.ts'
import { budgetLeft, budgetUse, releaseReservation, reserveBudget, settleReservation } from './budget.ts'
import { emptyLedger, type Ledger, ledgerSchema } from './ledger.ts'

const limits = { perVideoWei: 6n, perDayWei: 10n, perMonthWei: 25n }
const noonMs = Date.UTC(2026, 4, 1, 12)
const dayMs = 86_400_000
const hashOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as Hash
const videoOf = (n: number) => hashOf(n) as string as VideoId
const site = 'https://a.example'

let last = 0
const askOf = (wei: bigint, more: { video?: VideoId; site?: string } = {}) => ({
  id: hashOf(++last),
  video: videoOf(last),
  wei,
  ...more,
})
const reserve = (ledger: Ledger, wei: bigint, nowMs = noonMs, more = {}, siteLimit = {}) =>
  reserveBudget(ledger, limits, siteLimit, askOf(wei, more), nowMs)
const reserved = (...args: Parameters<typeof reserve>): Ledger => {
  const result = reserve(...args)
  if (!result.ok) throw new Error(result.error.code)
  return result.value
}
const leftOf = (ledger: Ledger, nowMs = noonMs, asked = { video: videoOf(0) }, siteLimit = {}) =>
  budgetLeft(ledger, limits, siteLimit, asked, nowMs)

describe('the budget', () => {
  it('lets one video take what one video may in a day, in one purchase or several, and no more', () => {
    const video = videoOf(1)
    const ledger = reserved(emptyLedger, 4n, noonMs, { video })
    expect(leftOf(ledger, noonMs, { video })).toBe(2n)
    expect(reserve(ledger, 3n, noonMs, { video }).ok).toBe(false)
    expect(reserve(ledger, 3n).ok).toBe(true)
    expect(reserve(emptyLedger, 7n)).toMatchObject({ error: { code: 'budget-exhausted' } })
  })

  it('is used up by the day, to the last unit', () => {
    const ledger = reserved(reserved(emptyLedger, 6n), 4n)
    expect(leftOf(ledger)).toBe(0n)
    expect(reserve(ledger, 1n).ok).toBe(false)
  })

  it('is used up by the month, over days, and begins anew with the next one', () => {
    let ledger = emptyLedger
    for (const day of [0, 1, 2, 3]) ledger = reserved(ledger, 6n, noonMs + day * dayMs)
    expect(leftOf(ledger, noonMs + 4 * dayMs)).toBe(1n)
    expect(leftOf(ledger, Date.UTC(2026, 4, 31, 23, 59))).toBe(1n)
    expect(leftOf(ledger, Date.UTC(2026, 5, 1))).toBe(6n)
  })

  it('begins anew the next day, and not when the clock goes back', () => {
    const ledger = reserved(reserved(emptyLedger, 6n), 4n)
    expect(leftOf(ledger, noonMs + dayMs)).toBe(6n)
    expect(leftOf(ledger, noonMs - dayMs)).toBe(0n)
    const tomorrow = reserved(ledger, 5n, noonMs + dayMs)
    expect(leftOf(tomorrow, noonMs)).toBe(5n)
  })

  it('lets a site take what it may in a day, and a site with 0 nothing', () => {
    const limit = { perDayWei: 5n }
    const ledger = reserved(emptyLedger, 4n, noonMs, { site }, limit)
    expect(reserve(ledger, 2n, noonMs, { site }, limit).ok).toBe(false)
    expect(reserve(ledger, 1n, noonMs, { site }, limit).ok).toBe(true)
    expect(reserve(ledger, 2n, noonMs, { site: 'https://b.example' }, limit).ok).toBe(true)
    expect(reserve(emptyLedger, 1n, noonMs, { site }, { perDayWei: 0n }).ok).toBe(false)
  })

  it('counts a promise once, however often it is made', () => {
    const asked = askOf(4n)
    const once = reserveBudget(emptyLedger, limits, {}, asked, noonMs)
    if (!once.ok) throw new Error('refused')
    expect(reserveBudget(once.value, limits, {}, asked, noonMs)).toEqual(once)
  })

  it('gets back what was not taken up, once, and not what was paid', () => {
    const ledger = reserved(emptyLedger, 6n)
    const [one] = ledger.reservations
    if (one === undefined) throw new Error('no promise')
    const settled = settleReservation(ledger, one.id, 2n)
    expect(budgetUse(settled, {}, noonMs)).toMatchObject({ dayWei: 2n, monthWei: 2n })
    expect(settleReservation(settled, one.id, 0n)).toEqual(settled)
    expect(releaseReservation(settled, one.id)).toEqual(settled)
    expect(budgetUse(releaseReservation(ledger, one.id), {}, noonMs).dayWei).toBe(0n)
    expect(budgetUse(settleReservation(ledger, one.id, 9n), {}, noonMs).dayWei).toBe(6n)
  })

  it('survives its storage, and that of the first format', () => {
    const ledger = reserved(emptyLedger, 5n, noonMs, { site })
    const stored = JSON.parse(
      JSON.stringify(ledger, (_, part) => (typeof part === 'bigint' ? `${part}` : part)),
    )
    expect(v.parse(ledgerSchema, stored)).toEqual(ledger)
    const day = Math.floor(noonMs / dayMs)
    const old = v.parse(ledgerSchema, { day, promisedWei: '7' })
    expect(budgetUse(old, {}, noonMs).dayWei).toBe(7n)
    expect(leftOf(old, noonMs, { video: videoOf(1) })).toBe(3n)
  })
})
