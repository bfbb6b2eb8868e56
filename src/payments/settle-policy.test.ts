import { describe, expect, it } from 'vitest'
import type { Hash, PurchaseNonce } from '#std/brand.ts'
import { type Claim, chooseClaims, type SettlePolicy } from './settle-policy.ts'

const nonce = `0x${'11'.repeat(32)}` as Hash as PurchaseNonce
const policy: SettlePolicy = {
  batchCostWei: 100n,
  receiptCostWei: 10n,
  worthTimes: 5n,
  leastGainWei: 0n,
  marginMs: 1000,
  maxReceipts: 3,
}
const claim = (leaf: number, gainWei: bigint, escrowEndMs = 1_000_000): Claim => ({
  nonce,
  leaf,
  gainWei,
  escrowEndMs,
})
const waiting = { nowMs: 0, isStopping: false }
const leaves = (claims: readonly Claim[]) => claims.map(each => each.leaf)

describe('settling', () => {
  it('waits until a batch gains several times what it costs', () => {
    expect(chooseClaims([claim(1, 549n)], policy, waiting)).toEqual([])
    expect(leaves(chooseClaims([claim(1, 550n)], policy, waiting))).toEqual([1])
  })

  it('waits for the least gain, however cheap gas is', () => {
    const free = { ...policy, batchCostWei: 0n, receiptCostWei: 0n, leastGainWei: 1000n }
    expect(chooseClaims([claim(1, 999n)], free, waiting)).toEqual([])
    expect(leaves(chooseClaims([claim(1, 1000n)], free, waiting))).toEqual([1])
  })

  it('does not wait when an escrow ends soon, and takes the others along', () => {
    const claims = [claim(1, 50n), claim(2, 70n, 1500)]
    expect(chooseClaims(claims, policy, waiting)).toEqual([])
    expect(leaves(chooseClaims(claims, policy, { nowMs: 500, isStopping: false }))).toEqual([])
    expect(
      leaves(chooseClaims([...claims, claim(3, 90n)], policy, { nowMs: 500, isStopping: false })),
    ).toEqual([2, 3, 1])
  })

  it('does not wait when the daemon stops', () => {
    expect(leaves(chooseClaims([claim(1, 200n)], policy, { nowMs: 0, isStopping: true }))).toEqual([1])
  })

  it('never pays more gas than it gains', () => {
    expect(chooseClaims([claim(1, 110n, 500)], policy, { nowMs: 0, isStopping: true })).toEqual([])
    expect(
      leaves(chooseClaims([claim(1, 10n), claim(2, 500n)], policy, { nowMs: 0, isStopping: true })),
    ).toEqual([2])
  })

  it('leaves claims whose escrow has ended', () => {
    expect(chooseClaims([claim(1, 9999n, 10)], policy, { nowMs: 10, isStopping: true })).toEqual([])
  })

  it('fills a batch with what is urgent, then with the largest gains', () => {
    const claims = [claim(1, 900n), claim(2, 20n, 500), claim(3, 1000n), claim(4, 950n)]
    expect(leaves(chooseClaims(claims, policy, waiting))).toEqual([2, 3, 4])
  })
})
