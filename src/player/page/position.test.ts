import { describe, expect, it } from 'vitest'
import type { Hash, PurchaseNonce } from '#std/brand.ts'
import { findPosition, savePosition } from './position.ts'

const areaWith = (items: Record<string, unknown> = {}) => ({
  get: async (key: string) => ({ [key]: items[key] }),
  set: async (more: Record<string, unknown>) => void Object.assign(items, more),
})
const purchaseOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as Hash as PurchaseNonce

describe('where a film was left', () => {
  it('is kept for each purchase, until it was seen to its end', async () => {
    const area = areaWith()
    await savePosition(area, purchaseOf(1), 12.5)
    await savePosition(area, purchaseOf(2), 3)
    await savePosition(area, purchaseOf(1), 14)
    expect(await findPosition(area, purchaseOf(1))).toBe(14)
    expect(await findPosition(area, purchaseOf(2))).toBe(3)
    await savePosition(area, purchaseOf(2), 0)
    expect(await findPosition(area, purchaseOf(2))).toBe(0)
    expect(await findPosition(area, purchaseOf(3))).toBe(0)
  })

  it('is kept of the newest 200', async () => {
    const area = areaWith()
    for (let n = 0; n < 201; n++) await savePosition(area, purchaseOf(n), n + 1)
    expect(await findPosition(area, purchaseOf(0))).toBe(0)
    expect(await findPosition(area, purchaseOf(1))).toBe(2)
  })

  it('is the beginning where what is stored makes no sense', async () => {
    expect(await findPosition(areaWith({ positions: 'x' }), purchaseOf(1))).toBe(0)
  })
})
