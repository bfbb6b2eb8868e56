import { describe, expect, it } from 'vitest'
import type { Address, FormatName, Hash, Signature, VideoId } from '#std/brand.ts'
import { type Claim, maxClaims, packSettlement, signatureArgument } from './settlement.ts'

const hash = (digit: string): Hash => `0x${digit.repeat(64)}` as Hash
const address = (digit: string): Address => `0x${digit.repeat(40)}` as Address
const signature = `0x${'ab'.repeat(32)}${'cd'.repeat(32)}` as Signature

const claim = (change: {
  owner?: Address
  depth?: number
  signer?: Address
  payee?: Address
  leaf?: number
  bytes?: number
}): Claim => ({
  deal: {
    terms: {
      id: hash('1') as Hash as VideoId,
      format: 'cmaf' as FormatName,
      root: hash('2'),
      price: 10n,
      fee: 1n,
      ttl: 60,
      size: 100,
      owner: change.owner ?? address('a'),
      affiliateBps: 0,
      avatarBps: 0,
    },
    capacity: 100,
    depth: change.depth ?? 0,
    affiliate: address('0'),
  },
  signer: change.signer ?? address('5'),
  buyer: address('b'),
  allotments: hash('3'),
  allotment: { index: change.leaf ?? 0, payee: change.payee ?? address('c'), payout: address('d'), cap: 50 },
  branch: change.depth ? [hash('4')] : [],
  receipt: { bytes: change.bytes ?? 7, hash: hash('6'), buyer_signature: signature },
})

describe('packing a settlement', () => {
  it('says deal, payee and cap once for receipts of pinned hosts that share them', () => {
    const [payees, deals, pinned, trees] = packSettlement([
      claim({ signer: address('5'), bytes: 7 }),
      claim({ signer: address('6'), bytes: 8 }),
    ])
    expect([payees.length, deals.length, pinned.length, trees.length]).toEqual([1, 1, 1, 0])
    expect(pinned[0]).toMatchObject({ deal: 0, payee: 0, cap: 50 })
    expect(pinned[0]?.receipts).toMatchObject([
      { signerAndBytes: (BigInt(address('5')) << 96n) | 7n },
      { signerAndBytes: (BigInt(address('6')) << 96n) | 8n },
    ])
  })

  it('groups receipts of several hosts by their purchase', () => {
    const [payees, , pinned, trees] = packSettlement([
      claim({ depth: 1, leaf: 0, payee: address('c') }),
      claim({ depth: 1, leaf: 1, payee: address('e') }),
      claim({ depth: 1, leaf: 0, signer: address('7') }),
    ])
    expect([payees.length, pinned.length, trees.length]).toEqual([2, 0, 2])
    expect(trees[0]?.receipts).toMatchObject([
      { payee: 0, leaf: 0, cap: 50, byteCount: 7, siblings: [hash('4')] },
      { payee: 1, leaf: 1 },
    ])
  })

  it('puts deals of one owner side by side, so that each is paid once', () => {
    const owners = [address('a'), address('f'), address('a')]
    const [, deals] = packSettlement(owners.map((owner, i) => claim({ owner, depth: i })))
    expect(deals.map(deal => deal.terms.owner)).toEqual([address('a'), address('a'), address('f')])
  })

  it('refuses more claims than a batch takes', () => {
    expect(() => packSettlement(Array.from({ length: maxClaims + 1 }, () => claim({})))).toThrow(RangeError)
  })
})

describe('a signature for the contract', () => {
  it('is its two words', () => {
    expect(signatureArgument(signature)).toEqual({ r: `0x${'ab'.repeat(32)}`, vs: `0x${'cd'.repeat(32)}` })
  })
})
