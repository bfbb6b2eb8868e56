import { expect, it } from 'vitest'
import type { FoundPurchase } from '#bridge/reader-contract.ts'
import type { Meter, Network } from '#bridge/shapes.ts'
import type { FormatName, Hash, PurchaseNonce, VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { addressOf } from './buying.stage.ts'
import { PurchaseBook, type PurchaseEntry } from './purchase-book.ts'
import { Restoring } from './restoring.ts'
import type { Cell } from './store.ts'

const network: Network = { name: 'n', chainId: 5, rpcUrl: 'http://127.0.0.1:1', registry: addressOf('ab') }
const [first, second] = [addressOf('01'), addressOf('02')]

const found = (name: string, more: Partial<FoundPurchase> = {}): FoundPurchase => ({
  purchase: `0x${name.repeat(32)}` as PurchaseNonce,
  video: `0x${'aa'.repeat(32)}` as string as VideoId,
  format: 'cmaf' as FormatName,
  title: 'A film',
  payee: addressOf('cc'),
  salt: `0x${name.repeat(32)}` as Hash,
  boughtAtMs: Number.parseInt(name, 16) * 1000,
  endsAtMs: 9_000_000,
  totalWei: 100n,
  paidWei: 10n,
  paidBytes: 5,
  totalBytes: 50,
  state: 'open',
  isFinal: false,
  ...more,
})

function cellOf<T>(value: T | undefined): Cell<T> {
  let held = value
  return {
    read: async () => held,
    async update(change) {
      held = await change(held)
      return held
    },
    async remove() {
      held = undefined
    },
  } as Cell<T>
}

function createStage(chain: Record<string, readonly FoundPurchase[]>) {
  const book = new PurchaseBook(cellOf<PurchaseEntry[]>([]), () => undefined)
  const [looked, opened]: [string[], string[]] = [[], []]
  const state = { unlocked: true, reachable: true }
  const restoring = new Restoring({
    wallet: {
      stored: async () => ({ network, accounts: [{ address: first }, { address: second }] }) as never,
    },
    isUnlocked: async () => state.unlocked,
    book,
    node: {
      ask: async (_: string, { purchase }: { purchase: PurchaseNonce }) => {
        opened.push(purchase)
        if (!state.reachable) throw new ParatiiError('publisher-unreachable')
        return { purchase, verifiedBytes: 30, paidWei: 60n, hosts: 1, failures: 0 } satisfies Meter
      },
    } as never,
    find: async (_, buyer) => {
      looked.push(buyer)
      return chain[buyer] ?? []
    },
    restored: cellOf<string[]>(undefined),
  })
  return { restoring, book, looked, opened, state }
}

it('finds what each account bought, with what hosts know of what is open, and looks once', async () => {
  const chain = {
    [first]: [found('03'), found('01', { state: 'closed', isFinal: true })],
    [second]: [found('02', { state: 'closed' })],
  }
  const { restoring, book, looked, opened } = createStage(chain)
  await restoring.check()
  await restoring.check()
  expect(looked).toEqual([first, second])
  expect(opened).toEqual([found('03').purchase])
  const list = await book.list()
  expect(list.map(({ purchase }) => String(purchase).slice(2, 4))).toEqual(['03', '02', '01'])
  expect(list[2]).toMatchObject({ buyer: first, isSettled: true, paidWei: 10n, verifiedBytes: 5 })
  expect(list[1]).toMatchObject({ buyer: second, state: 'closed', chainId: 5 })
  expect(list[1]?.isSettled).toBeUndefined()
  // The receipts that a host holds are what is shown, and not only what it has settled.
  await expect.poll(async () => (await book.get(found('03').purchase))?.paidWei).toBe(60n)
})

it('looks at nothing while the wallet is locked, and again after what hindered it', async () => {
  const { restoring, book, looked, state } = createStage({ [first]: [found('03')] })
  state.unlocked = false
  await restoring.check()
  expect(looked).toEqual([])
  state.unlocked = true
  state.reachable = false
  await expect(restoring.check()).rejects.toMatchObject({ code: 'publisher-unreachable' })
  expect(await book.list()).toHaveLength(1)
  state.reachable = true
  await restoring.check()
  expect(looked).toEqual([first, first, second])
  expect(await book.list()).toHaveLength(1)
})
