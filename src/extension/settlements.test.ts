import { expect, it } from 'vitest'
import { Settlements } from './settlements.ts'

const entry = (purchase: string, more: object) => ({
  purchase,
  salt: purchase,
  chainId: 1,
  state: 'closed',
  ...more,
})

const createSettlements = (answers: Record<string, { paidWei: bigint; isFinal: boolean }>) => {
  const reconciled: [string, bigint][] = []
  const returned: [string, bigint][] = []
  const ends: [string, number][] = []
  const undone: string[] = []
  const asked: string[] = []
  const clock = { nowMs: 0 }
  const entries = [
    entry('0x1', {}),
    entry('0x2', { isSettled: true }),
    entry('0x3', { state: 'ordered' }),
    entry('0x4', { chainId: 2 }),
    entry('0x5', {}),
    entry('0x6', { state: 'open', endsAtMs: 7_000 }),
    entry('0x7', { state: 'open' }),
  ]
  const settlements = new Settlements({
    wallet: { stored: async () => ({ network: { chainId: 1 } }) as never },
    book: {
      list: async () => entries as never,
      noteEnd: async (purchase, endsAtMs) => void ends.push([purchase, endsAtMs]),
      noteUndone: async purchase => void undone.push(purchase),
      reconcile: async (purchase, paidWei) => void reconciled.push([purchase, paidWei]),
    },
    node: {
      ask: async (_: unknown, { purchase }: { purchase: string }) => {
        asked.push(purchase)
        return answers[purchase] as never
      },
    } as never,
    endOf: async (_, purchase) => (answers[purchase] === undefined ? undefined : 7_000),
    budgets: { settle: async (salt, paidWei) => void returned.push([salt, paidWei]) },
    nowMs: () => clock.nowMs,
  })
  return { settlements, undone, reconciled, returned, ends, asked, clock }
}

it('takes over what the chain paid for a closed purchase, once that is final', async () => {
  const { settlements, reconciled, returned, ends, asked, clock } = createSettlements({
    '0x1': { paidWei: 5n, isFinal: true },
    '0x5': { paidWei: 7n, isFinal: false },
  })
  await settlements.check()
  expect(asked).toEqual(['0x1', '0x5'])
  expect(ends).toEqual([
    ['0x1', 7_000],
    ['0x5', 7_000],
  ])
  expect(reconciled).toEqual([['0x1', 5n]])
  expect(returned).toEqual([['0x1', 5n]])
  await settlements.check()
  expect(asked).toHaveLength(2)
  clock.nowMs = 600_000
  await settlements.check()
  expect(asked).toHaveLength(4)
})

it('says of a purchase that the chain had and has no more that it was undone, and of none that it never had', async () => {
  const { settlements, undone, reconciled } = createSettlements({})
  await settlements.check()
  expect(undone).toEqual(['0x6'])
  expect(reconciled).toEqual([])
})
