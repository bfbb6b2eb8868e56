import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { checkOrder } from '#protocol/check-order.ts'
import { digestWallet, escrowWei, signNodeKey } from '#protocol/order.ts'
import { identityOf, signCompact } from '#protocol/signature.ts'
import type { Terms } from '#protocol/terms.ts'
import type { Address, FormatName, Hash, PublicKey, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import {
  capacityFor,
  collateralWei,
  draftOrder,
  hostEarnedWei,
  type OrderPlan,
  orderTypedData,
  ownerEarnedWei,
  paidWei,
} from './purchase.ts'

const secretOf = (n: number) => new Uint8Array(32).fill(n)
const address = (n: number) => identityOf(crypto, secretOf(n)).address
const hash = (n: number) => hexFromBytes(secretOf(n)) as Hash
const hosts = [1, 2, 3].map(n => ({
  key: identityOf(crypto, secretOf(n)).publicKey,
  payout: address(n + 10),
}))
const terms: Terms = {
  id: hash(7) as Hash as VideoId,
  format: 'cmaf' as FormatName,
  root: hash(8),
  price: 1_000_000_000_000_000_000n,
  fee: 1_000_000_000n,
  ttl: 259_200,
  size: 1_000_000,
  owner: address(4),
  affiliateBps: 0,
  avatarBps: 0,
}
const plan: OrderPlan = {
  terms,
  hosts,
  capacity: 3_000_001,
  buyer: address(5),
  salt: hash(9),
  relayFee: 5n,
  validUntil: 1_900_000_000,
  affiliate: '0x0000000000000000000000000000000000000000' as Address,
  chainId: 31337,
  store: address(20),
  payment: 'authorization',
}
const draftFrom = (changes: Partial<OrderPlan>) => {
  const draft = draftOrder(crypto, { ...plan, ...changes })
  if (!draft.ok) throw new Error(draft.error.code)
  return draft.value
}

describe('a drafted order', () => {
  it('allots equal caps that together fit the capacity', () => {
    const draft = draftFrom({})
    expect(draft.leaves.map(leaf => leaf.cap)).toEqual([1_000_000, 1_000_000, 1_000_000])
    expect(draft.leaves.map(leaf => leaf.payout)).toEqual(hosts.map(host => host.payout))
    expect(draft.depth).toBe(2)
    expect(draftFrom({ hosts: hosts.slice(0, 1) }).depth).toBe(0)
  })

  it.each(['allowance', 'authorization'] as const)(
    'passes the checks of publisher and host, paid by %s',
    payment => {
      const draft = draftFrom({ payment })
      const token = address(21)
      const nodeSignature = signNodeKey(crypto, draft, secretOf(6))
      const walletDigest = digestWallet(draft, nodeSignature, token)
      const order = {
        ...draft,
        IPFS_signature: nodeSignature,
        wallet_signature: signCompact(crypto, walletDigest, secretOf(5)),
      }
      const context = { chainId: 31337, store: address(20), token }
      expect(checkOrder(crypto, order, context)).toMatchObject({ ok: true, value: { signer: address(6) } })
    },
  )

  it('is shown to the wallet as what it signs', () => {
    const draft = draftFrom({})
    const nodeSignature = signNodeKey(crypto, draft, secretOf(6))
    const shown = orderTypedData(draft, nodeSignature, address(21))
    expect(shown.primaryType).toBe('ReceiveWithAuthorization')
    expect(shown.domain.verifyingContract).toBe(address(21))
    expect(shown.message.value).toBe((escrowWei(draft) + 5n).toString())
    expect(orderTypedData(draftFrom({ payment: 'allowance' }), nodeSignature, address(21)).primaryType).toBe(
      'Order',
    )
  })

  it('is refused without hosts, or with one that has no key', () => {
    expect(draftOrder(crypto, { ...plan, hosts: [] })).toMatchObject({ error: { code: 'no-hosts' } })
    const bad = { key: `0x02${'ff'.repeat(32)}` as PublicKey, payout: address(1) }
    expect(draftOrder(crypto, { ...plan, hosts: [bad] })).toMatchObject({
      error: { code: 'allotment-invalid' },
    })
  })

  it('holds for hosts a quarter more than the largest path, twice where half of them may fail', () => {
    expect([1, 2, 5].map(count => capacityFor(1001, count))).toEqual([1252, 2504, 2504])
    expect(capacityFor(2 ** 40 - 1, 2)).toBe(2 ** 40 - 1)
  })
})

describe('what a purchase costs', () => {
  const order = draftFrom({})

  it('is the fee of each byte and the price pro rata, rounded down', () => {
    expect(paidWei(order, [])).toBe(0n)
    expect(paidWei(order, [1])).toBe(1_000_000_000n + 1_000_000_000_000n)
    expect(paidWei(order, [1, 0, 2])).toBe(3_000_000_000n + 3_000_000_000_000n)
    expect(ownerEarnedWei({ price: 10n, size: 3 }, 2)).toBe(6n)
  })

  it('is never more than the price and the capacity at its fee', () => {
    expect(paidWei(order, [1e9, 1e9, 1e9])).toBe(terms.price + 3_000_000n * terms.fee)
    expect(paidWei(order, [1e9, 1e9, 1e9]) <= terms.price + collateralWei(order)).toBe(true)
  })

  it('counts no byte above a cap, neither for the host nor for the owner', () => {
    expect(hostEarnedWei(terms, { cap: 10 }, 11)).toBe(10n * terms.fee)
    expect(paidWei({ terms, leaves: order.leaves.map(leaf => ({ ...leaf, cap: 10 })) }, [100])).toBe(
      10n * terms.fee + (10n * terms.price) / 1_000_000n,
    )
  })
})
