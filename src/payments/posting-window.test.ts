import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mustPay, owedWei, type PostingWindow, payWindow, storeBytes } from './posting-window.ts'

const blockBytes = 262_144
const opened: PostingWindow = {
  feeWei: 3n,
  creditBytes: 1_048_576,
  depositWei: 10n ** 12n,
  beganWei: 1_000n,
  balanceWei: 1_000n,
  storedBytes: 0,
}

describe('what a poster owes', () => {
  it('never lets a host store more than its credit and one block unpaid, whatever the poster does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(30_000_000)), { maxLength: 200 }), steps => {
        let window = opened
        for (const [pays, amount] of steps) {
          const paid = pays ? payWindow(window, BigInt(amount)) : undefined
          if (paid?.ok === true) window = paid.value
          if (!pays && !mustPay(window)) window = storeBytes(window, 1 + (amount % blockBytes))
          const unpaid = owedWei(window) - window.balanceWei
          expect(unpaid <= window.feeWei * BigInt(window.creditBytes + blockBytes)).toBe(true)
        }
      }),
    )
  })

  it('takes no balance below the one held, and none above the deposit', () => {
    expect(payWindow(opened, 999n)).toMatchObject({ error: { code: 'receipt-goes-down' } })
    expect(payWindow(opened, opened.depositWei + 1n)).toMatchObject({ error: { code: 'balance-too-low' } })
    expect(payWindow(opened, 1_000n)).toEqual({ ok: true, value: opened })
  })
})
