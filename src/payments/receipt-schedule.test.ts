import { describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import { maxPaymentBlocks } from '#protocol/exchange.ts'
import { extendDigest, firstDigest, type Receipt } from '#protocol/receipt.ts'
import type { Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import {
  intervalOf,
  longestIntervalBytes,
  openReceiptSchedule,
  pendingBytesOf,
  type ReceiptSchedule,
  type ScheduleEffect,
  type ScheduleEvent,
  stepReceiptSchedule,
} from './receipt-schedule.ts'

const leaf = 262_144
const mebibyte = 1_048_576
const nonce = `0x${'11'.repeat(32)}` as Hash as PurchaseNonce
const key = `0x02${'22'.repeat(32)}` as PublicKey
const purchase = { nonce, owner: key, leaf: 0, key }
const cidOf = (n: number) => cidFromDigest('raw', new Uint8Array(32).fill(n))
const block = (n: number, bytes = leaf): ScheduleEvent => ({ type: 'block', cid: cidOf(n), bytes })
const held = (bytes: number, hash: Hash): Receipt => ({
  ...purchase,
  bytes,
  hash,
  buyer_signature: `0x${'00'.repeat(64)}` as Signature,
})

const run = (schedule: ReceiptSchedule, ...events: readonly ScheduleEvent[]) => {
  const effects: ScheduleEffect[] = []
  let now = schedule
  for (const event of events) {
    const step = stepReceiptSchedule(now, event)
    now = step.schedule
    effects.push(...step.effects)
  }
  return { schedule: now, effects }
}

const opened = (creditBytes: number): ReceiptSchedule =>
  run(openReceiptSchedule(purchase, undefined), { type: 'opened', held: undefined, creditBytes }).schedule

describe('when a viewer signs', () => {
  it('is after half the credit, cumulative, over the blocks in their order', () => {
    const { effects, schedule } = run(opened(mebibyte), block(1), block(2), block(3), block(4))
    const first = extendDigest(nonce, [cidOf(1), cidOf(2)])
    expect(effects).toEqual([
      { type: 'pay', draft: { ...purchase, bytes: 2 * leaf, hash: first }, blocks: [cidOf(1), cidOf(2)] },
      {
        type: 'pay',
        draft: { ...purchase, bytes: 4 * leaf, hash: extendDigest(first, [cidOf(3), cidOf(4)]) },
        blocks: [cidOf(3), cidOf(4)],
      },
    ])
    expect(pendingBytesOf(schedule)).toBe(0)
  })

  it('is at each block while the credit is less than two', () => {
    expect(run(opened(leaf), block(1), block(2)).effects).toHaveLength(2)
  })

  it('is less often as the credit grows, up to every 4 MiB', () => {
    expect([mebibyte, 4 * mebibyte, 16 * mebibyte].map(credit => intervalOf(opened(credit)))).toEqual([
      mebibyte / 2,
      2 * mebibyte,
      longestIntervalBytes,
    ])
    const grown = run(opened(mebibyte), {
      type: 'acknowledged',
      bytes: 0,
      creditBytes: 16 * mebibyte,
    }).schedule
    expect(run(grown, ...Array.from({ length: 15 }, (_, n) => block(n))).effects).toEqual([])
  })

  it('is at once when the host waits, and at the end', () => {
    expect(run(opened(16 * mebibyte), block(1), { type: 'requested' }).effects).toHaveLength(1)
    expect(run(opened(16 * mebibyte), block(1), { type: 'flush' }).effects).toHaveLength(1)
    expect(run(opened(16 * mebibyte), { type: 'flush' }, { type: 'requested' }).effects).toEqual([])
  })

  it('is not before the exchange is open: blocks of the free head go into the first receipt', () => {
    const before = run(openReceiptSchedule(purchase, undefined), block(1), block(2), block(3))
    expect(before.effects).toEqual([])
    const { effects } = run(before.schedule, { type: 'opened', held: undefined, creditBytes: mebibyte })
    expect(effects.map(effect => effect.draft.bytes)).toEqual([3 * leaf])
  })

  it('is before a payment would list too many blocks', () => {
    const many = Array.from({ length: maxPaymentBlocks }, (_, n) => block(n % 200, 1))
    const { effects } = run(opened(16 * mebibyte), ...many)
    expect(effects.map(effect => effect.blocks.length)).toEqual([maxPaymentBlocks])
  })

  it('splits what waited too long into payments that can list it', () => {
    const waiting = Array.from({ length: 2 * maxPaymentBlocks + 1 }, (_, n) => block(n % 200, 1))
    const { effects } = run(openReceiptSchedule(purchase, undefined), ...waiting, { type: 'flush' })
    expect(effects.map(effect => effect.draft.bytes)).toEqual([1024, 2048, 2049])
  })
})

describe('when an exchange is opened again', () => {
  const signed = run(opened(mebibyte), block(1), block(2), block(3), block(4)).schedule
  const firstHash = extendDigest(nonce, [cidOf(1), cidOf(2)])

  it('nothing is sent to a host that has all', () => {
    const again = held(signed.signed.bytes, signed.signed.hash)
    expect(run(signed, { type: 'opened', held: again, creditBytes: mebibyte }).effects).toEqual([])
  })

  it('a host that lacks the last payments gets them in one, with their blocks', () => {
    const all = { draft: { ...purchase, ...signed.signed } }
    expect(
      run(signed, { type: 'opened', held: held(2 * leaf, firstHash), creditBytes: mebibyte }).effects,
    ).toEqual([{ type: 'pay', ...all, blocks: [cidOf(3), cidOf(4)] }])
    expect(run(signed, { type: 'opened', held: undefined, creditBytes: mebibyte }).effects).toEqual([
      { type: 'pay', ...all, blocks: [1, 2, 3, 4].map(cidOf) },
    ])
  })

  it('a host that lost what it had acknowledged gets the newest receipt without blocks', () => {
    const acknowledged = run(signed, {
      type: 'acknowledged',
      bytes: 4 * leaf,
      creditBytes: mebibyte,
    }).schedule
    expect(run(acknowledged, { type: 'opened', held: undefined, creditBytes: mebibyte }).effects).toEqual([
      { type: 'pay', draft: { ...purchase, ...signed.signed }, blocks: [] },
    ])
  })

  it('a viewer that lost its receipts goes on from the one the host shows', () => {
    const lost = run(openReceiptSchedule(purchase, undefined), block(9)).schedule
    const { schedule, effects } = run(lost, {
      type: 'opened',
      held: held(2 * leaf, firstHash),
      creditBytes: mebibyte,
    })
    expect(effects).toEqual([])
    expect(schedule.signed).toEqual({ bytes: 2 * leaf, hash: firstHash })
    expect(pendingBytesOf(schedule)).toBe(0)
  })

  it('a viewer never goes below its own newest receipt', () => {
    const restarted = openReceiptSchedule(purchase, signed.signed)
    const { schedule } = run(
      restarted,
      { type: 'opened', held: undefined, creditBytes: mebibyte },
      block(5),
      block(6),
    )
    expect(schedule.signed.bytes).toBe(6 * leaf)
  })

  it('goes on from blocks that an earlier run verified and did not sign for', () => {
    const newest = { bytes: leaf, hash: extendDigest(firstDigest(nonce), [cidOf(1)]) }
    const pending = [{ cid: cidOf(2), bytes: leaf }]
    const { effects } = run(openReceiptSchedule(purchase, newest, pending), block(3), { type: 'flush' })
    const [{ draft, blocks }] = effects as [ScheduleEffect]
    expect(blocks).toEqual([cidOf(2), cidOf(3)])
    expect(draft).toMatchObject({ bytes: 3 * leaf, hash: extendDigest(newest.hash, blocks) })
  })
})
