import { describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import { extendDigest, type Receipt } from '#protocol/receipt.ts'
import type { Cid, Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { acceptPayment, newerReceipt } from './receipt-book.ts'

const nonce = `0x${'11'.repeat(32)}` as Hash as PurchaseNonce
const key = `0x02${'22'.repeat(32)}` as PublicKey
const cids = [1, 2, 3, 4].map(n => cidFromDigest('raw', new Uint8Array(32).fill(n)))
const sizeOf = (cid: Cid): number | undefined => (cids.includes(cid) ? 1000 : undefined)

const receiptOf = (bytes: number, hash: Hash): Receipt => ({
  nonce,
  owner: key,
  leaf: 0,
  bytes,
  hash,
  key,
  buyer_signature: `0x${'00'.repeat(64)}` as Signature,
})
const afterBlocks = (count: number) => receiptOf(1000 * count, extendDigest(nonce, cids.slice(0, count)))

describe('the receipt book of a host', () => {
  it('takes a first receipt, and one that goes on from it', () => {
    const first = afterBlocks(2)
    expect(acceptPayment(undefined, { receipt: first, blocks: cids.slice(0, 2) }, sizeOf)).toEqual({
      ok: true,
      value: 2000,
    })
    expect(acceptPayment(first, { receipt: afterBlocks(3), blocks: cids.slice(2, 3) }, sizeOf)).toEqual({
      ok: true,
      value: 1000,
    })
  })

  it('counts nothing for the same receipt again', () => {
    const first = afterBlocks(2)
    expect(acceptPayment(first, { receipt: first, blocks: cids.slice(0, 2) }, sizeOf)).toEqual({
      ok: true,
      value: 0,
    })
  })

  it('never goes down', () => {
    const held = afterBlocks(3)
    const code = 'receipt-goes-down'
    expect(acceptPayment(held, { receipt: afterBlocks(2), blocks: [] }, sizeOf)).toMatchObject({
      error: { code },
    })
    const other = receiptOf(3000, nonce)
    expect(acceptPayment(held, { receipt: other, blocks: [] }, sizeOf)).toMatchObject({ error: { code } })
  })

  it.each([
    ['other blocks', afterBlocks(2), [cids[0], cids[2]]],
    ['another order', afterBlocks(2), [cids[1], cids[0]]],
    ['too few blocks', afterBlocks(2), [cids[0]]],
    ['more bytes than the blocks have', receiptOf(2001, afterBlocks(2).hash), [cids[0], cids[1]]],
    [
      'blocks of another directory',
      receiptOf(1000, nonce),
      [cidFromDigest('raw', new Uint8Array(32).fill(9))],
    ],
  ])('refuses %s', (_, receipt, blocks) => {
    const listed = blocks.filter(cid => cid !== undefined)
    expect(acceptPayment(undefined, { receipt, blocks: listed }, sizeOf)).toMatchObject({
      error: { code: 'receipt-digest' },
    })
  })

  it('is brought up to date by a receipt without blocks when it lost its own', () => {
    expect(acceptPayment(afterBlocks(1), { receipt: afterBlocks(4), blocks: [] }, sizeOf)).toEqual({
      ok: true,
      value: 3000,
    })
  })

  it('prefers the larger of two receipts', () => {
    expect(newerReceipt(afterBlocks(1), afterBlocks(2))?.bytes).toBe(2000)
    expect(newerReceipt(afterBlocks(3), afterBlocks(2))?.bytes).toBe(3000)
    expect(newerReceipt(undefined, undefined)).toBeUndefined()
    expect(newerReceipt(undefined, receiptOf(0, nonce))?.bytes).toBe(0)
  })
})
