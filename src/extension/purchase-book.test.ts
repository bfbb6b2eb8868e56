import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Address, FormatName, Hash, PurchaseNonce, VideoId } from '#std/brand.ts'
import { PurchaseBook, type PurchaseEntry } from './purchase-book.ts'

const hashOf = (digits: string) => `0x${digits.repeat(32)}` as Hash
const purchase = hashOf('01') as string as PurchaseNonce
const entry: PurchaseEntry = {
  purchase,
  title: 'Harbour at dawn',
  payee: `0x${'cc'.repeat(20)}` as Address,
  boughtAtMs: 1,
  totalWei: 100n,
  paidWei: 0n,
  verifiedBytes: 0,
  totalBytes: 20,
  hosts: 0,
  state: 'open',
  validUntil: 1,
  chainId: 31_337,
  buyer: `0x${'dd'.repeat(20)}` as Address,
  video: hashOf('aa') as Hash as VideoId,
  format: 'cmaf' as FormatName,
  salt: hashOf('ee'),
}
const meterOf = (paidWei: bigint) => ({
  purchase,
  paidWei,
  verifiedBytes: Number(paidWei),
  hosts: 1,
  failures: 0,
})

/** A book with one purchase, and how often it was written since. */
const openBook = async () => {
  let stored: PurchaseEntry[] | undefined
  let writes = 0
  const book = new PurchaseBook(
    {
      read: async () => stored,
      async update(change) {
        stored = await change(stored)
        writes++
        return stored
      },
      async remove() {
        stored = undefined
      },
    },
    () => undefined,
  )
  await book.add(entry)
  writes = 0
  return { book, writes: () => writes }
}

describe('the book of purchases', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('stores what many meters of a second say once, and the newest of it', async () => {
    const { book, writes } = await openBook()
    for (let paid = 1n; paid <= 10n; paid++) book.note(meterOf(paid))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(writes()).toBe(1)
    expect((await book.get(purchase))?.paidWei).toBe(10n)
  })

  it('goes on storing as long as meters come', async () => {
    const { book, writes } = await openBook()
    for (let paid = 1n; paid <= 20n; paid++) {
      book.note(meterOf(paid))
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(writes()).toBe(2)
  })

  it('knows what was paid when a purchase is closed', async () => {
    const { book } = await openBook()
    book.note(meterOf(7n))
    await book.settle(purchase, 'closed')
    expect(await book.get(purchase)).toMatchObject({ state: 'closed', paidWei: 7n })
  })

  it('never goes back to an older meter', async () => {
    const { book } = await openBook()
    book.note(meterOf(7n))
    await vi.advanceTimersByTimeAsync(1_000)
    book.note(meterOf(3n))
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await book.get(purchase))?.paidWei).toBe(7n)
  })

  it('shows what the chain paid once that is final, whatever was signed', async () => {
    const { book } = await openBook()
    book.note(meterOf(9n))
    await book.settle(purchase, 'closed')
    await book.reconcile(purchase, 7n)
    expect(await book.get(purchase)).toMatchObject({ paidWei: 7n, isSettled: true })
    book.note(meterOf(12n))
    await vi.runAllTimersAsync()
    expect(await book.get(purchase)).toMatchObject({ paidWei: 7n })
  })
})
