import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, Hash, Signature, VideoId } from '#std/brand.ts'
import messages from '../../test/vectors/message.json' with { type: 'json' }
import orders from '../../test/vectors/order.json' with { type: 'json' }
import { checkOrder, findAllotment, nameOrder, type OrderContext } from './check-order.ts'
import { decodeMessage } from './message.ts'
import type { Order } from './order.ts'

const decoded = decodeMessage(
  new TextEncoder().encode(messages.find(each => each.type === 'order')?.json ?? ''),
)
if (!decoded.ok || !('body' in decoded.value) || decoded.value.type !== 'order') throw new Error('no order')
const order: Order = decoded.value.body
const context: OrderContext = {
  chainId: order.chainId,
  store: order.store,
  token: orders[0]?.token as Address,
}
const other = `0x${'11'.repeat(20)}` as Address
const check = (changes: Partial<Order>) => checkOrder(crypto, { ...order, ...changes }, context)

describe('an order', () => {
  it('that is in order names the purchase, its signer and a branch for each host', () => {
    const checked = check({})
    expect(checked).toMatchObject({ ok: true, value: { signer: orders[0]?.signer } })
    expect(checked.ok && checked.value.branches.map(branch => branch.length)).toEqual([2, 2, 2, 2])
    expect(nameOrder(crypto, order, context)).toEqual(checked)
  })

  const leaves = (changes: object) => ({ leaves: order.leaves.map(leaf => ({ ...leaf, ...changes })) })
  it.each<[string, Partial<Order>, string, string]>([
    ['another store', { store: other }, 'order-mismatch', 'store'],
    ['another chain', { chainId: 1 }, 'order-mismatch', 'store'],
    ['another video', { id: order.salt as Hash as VideoId }, 'order-mismatch', 'id'],
    ['another format', { format: 'webm' as Order['format'] }, 'order-mismatch', 'format'],
    ['caps that are not committed to', leaves({ cap: 1 }), 'allotment-invalid', 'allotments'],
    ['a payout that is not committed to', leaves({ payout: other }), 'allotment-invalid', 'allotments'],
    ['a host too few', { leaves: order.leaves.slice(1) }, 'document-malformed', 'allotments'],
    ['another depth', { depth: 3 }, 'allotment-invalid', 'depth'],
    ['a key that is not the payee', leaves({ key: order.leaves[0]?.key }), 'allotment-invalid', 'payee'],
    ['other terms', { terms: { ...order.terms, price: 1n } }, 'signature-invalid', 'wallet_signature'],
    ['another buyer', { buyer: other }, 'signature-invalid', 'wallet_signature'],
    ['another salt', { salt: order.id }, 'signature-invalid', 'wallet_signature'],
    ['another relay fee', { relayFee: 7n }, 'signature-invalid', 'wallet_signature'],
    ['another way to pay', { payment: 'allowance' }, 'signature-invalid', 'wallet_signature'],
    [
      'its signatures exchanged',
      { wallet_signature: order.IPFS_signature },
      'signature-invalid',
      'wallet_signature',
    ],
    [
      'no signature of a key',
      { IPFS_signature: `0x${'00'.repeat(64)}` as Signature },
      'signature-invalid',
      'IPFS_signature',
    ],
  ])('with %s is refused', (_, changes, code, field) => {
    expect(check(changes)).toMatchObject({ ok: false, error: { code, details: { field } } })
  })

  it('that promises more than it holds is refused', () => {
    expect(check({ capacity: order.capacity - 4 })).toMatchObject({
      error: { code: 'allotment-exceeds-capacity' },
    })
  })

  it('gives a host its allotment, and no other', () => {
    const [first, second] = order.leaves
    if (first === undefined || second === undefined) throw new Error('no leaves')
    expect(findAllotment(order, { leaf: 1, payee: second.payee, payout: second.payout })).toEqual({
      ok: true,
      value: second,
    })
    const code = 'allotment-invalid'
    expect(findAllotment(order, { leaf: 1, payee: first.payee, payout: first.payout })).toMatchObject({
      error: { code },
    })
    expect(findAllotment(order, { leaf: 0, payee: first.payee, payout: other })).toMatchObject({
      error: { code },
    })
    expect(findAllotment(order, { leaf: 9, payee: first.payee, payout: other })).toMatchObject({
      error: { code },
    })
  })
})
