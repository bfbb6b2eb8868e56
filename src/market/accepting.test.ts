import { describe, expect, it } from 'vitest'
import type { Address, Hash } from '#std/brand.ts'
import { chooseBid, watchedToday } from './accepting.ts'

const bidOf = (n: number, payer: number, length: number) => ({
  hash: `0x${n.toString(16).padStart(64, '0')}` as Hash,
  payer: `0x${payer.toString(16).padStart(40, '0')}` as Address,
  rateWei: 1n,
  affiliateBps: 0,
  receivedAtMs: 0,
  validUntil: 1,
  length,
})
const policy = { isAutomatic: true, secondsPerDay: 100, secondsPerAdvertiser: 60 }

describe('caps of a day', () => {
  it('let the best bid through that fits them', () => {
    const bids = [bidOf(1, 1, 40), bidOf(2, 1, 20), bidOf(3, 2, 40)]
    const once = chooseBid(policy, bids, undefined, 0)
    expect(once?.bid).toBe(bids[0])
    const twice = chooseBid(policy, bids, once?.watched, 0)
    expect(twice?.bid).toBe(bids[1])
    const thrice = chooseBid(policy, bids, twice?.watched, 0)
    expect(thrice?.bid).toBe(bids[2])
    expect(thrice?.watched.seconds).toBe(100)
    expect(chooseBid(policy, bids, thrice?.watched, 0)).toBeUndefined()
  })

  it('begin anew with the next day', () => {
    const full = { day: 0, seconds: 100, ofAdvertiser: {} }
    expect(watchedToday(full, 86_399_999)).toBe(full)
    expect(watchedToday(full, 86_400_000).seconds).toBe(0)
  })
})
