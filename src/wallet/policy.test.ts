import { describe, expect, it } from 'vitest'
import type { Address } from '#std/brand.ts'
import { decideOrder, type OrderAsked, type OrderBounds, totalOf } from './policy.ts'

const addressOf = (digit: string): Address => `0x${digit.repeat(40)}` as Address
const asked: OrderAsked = {
  chainId: 31337,
  store: addressOf('a'),
  payee: addressOf('b'),
  priceWei: 400n,
  hostsWei: 20n,
  relayFeeWei: 3n,
}
const agreed = { payee: asked.payee, totalWei: 423n }
const bounds: OrderBounds = { chainId: 31337, store: asked.store, balanceWei: 423n, budgetLeftWei: 423n }
const codeOf = (result: ReturnType<typeof decideOrder>) => (result.ok ? 'ok' : result.error.code)

describe('what may be signed', () => {
  it('is what was agreed to, to the last unit of budget and balance', () => {
    expect(decideOrder(asked, agreed, bounds)).toEqual({ ok: true, value: totalOf(asked) })
  })

  it.each([
    ['another chain', { ...asked, chainId: 1 }, agreed, bounds, 'chain-mismatch'],
    ['another contract', { ...asked, store: addressOf('c') }, agreed, bounds, 'chain-mismatch'],
    ['another payee than was shown', { ...asked, payee: addressOf('c') }, agreed, bounds, 'terms-changed'],
    ['one unit more than was shown', { ...asked, relayFeeWei: 4n }, agreed, bounds, 'terms-changed'],
    [
      'a price over the limit of the site',
      asked,
      agreed,
      { ...bounds, sitePriceMaxWei: 399n },
      'price-above-limit',
    ],
    ['one unit over the budget', asked, agreed, { ...bounds, budgetLeftWei: 422n }, 'budget-exhausted'],
    ['one unit over the balance', asked, agreed, { ...bounds, balanceWei: 422n }, 'balance-too-low'],
  ])('is not %s', (_, order, yes, limits, code) => {
    expect(codeOf(decideOrder(order, yes, limits))).toBe(code)
  })

  it('may cost less than was agreed to', () => {
    expect(codeOf(decideOrder({ ...asked, hostsWei: 0n }, agreed, bounds))).toBe('ok')
  })
})
