import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { createSeededRandom } from '#adapters/random-seeded.ts'
import type { NodeQuote } from '#bridge/node-contract.ts'
import { type Order, totalWei } from '#protocol/order.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Address, FormatName, Hash, VideoId } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { ledgerSchema } from '#wallet/budget.ts'
import { Keyring } from '#wallet/keyring.ts'
import { parsePhrase } from '#wallet/phrase.ts'
import { Buying } from './buying.ts'
import type { NodeLink } from './node-link.ts'
import { PurchaseBook, purchaseListSchema } from './purchase-book.ts'
import { createCell, type StorageArea } from './store.ts'

const hashOf = (digits: string) => `0x${digits.repeat(32)}` as Hash
const addressOf = (digits: string) => `0x${digits.repeat(20)}` as Address
const [store, token] = [addressOf('ee'), addressOf('ff')]
const network = { name: 'n', chainId: 31337, rpcUrl: 'http://127.0.0.1:1', registry: addressOf('ab') }
const host = identityOf(crypto, new Uint8Array(32).fill(7))
const asked = { video: hashOf('aa') as Hash as VideoId, format: 'cmaf' as FormatName }
const quote: NodeQuote = {
  title: 'Harbour at dawn',
  durationSeconds: 60,
  terms: {
    id: asked.video,
    format: asked.format,
    root: hashOf('bb'),
    price: 400n,
    fee: 1n,
    ttl: 3600,
    size: 20,
    owner: addressOf('cc'),
    affiliateBps: 0,
    avatarBps: 0,
  },
  hosts: [{ key: host.publicKey, payout: host.address, addresses: [] }],
  capacity: 25,
}
const total = 425n

/** Storage that survives the workers of a test, as the browser's does. */
function createArea(): StorageArea {
  const stored = new Map<string, string>()
  return {
    get: async key => (stored.has(key) ? { [key]: JSON.parse(stored.get(key) ?? '') } : {}),
    set: async items => {
      for (const [key, value] of Object.entries(items)) stored.set(key, JSON.stringify(value))
    },
    remove: async key => void stored.delete(key),
  }
}

/** A worker's buying desk. `answer` says how the node takes an order; a second worker on the same area restarts it. */
async function createDesk(area = createArea()) {
  const clock = createManualClock(Date.UTC(2026, 4, 1))
  const random = createSeededRandom('buying')
  const seed = createCell(area, 'seed', v.unknown())
  const secrets = {
    read: seed.read,
    write: async (value: unknown) => void (await seed.update(() => value)),
    clear: seed.remove,
  }
  const keyring = new Keyring({ secrets, crypto, clock }, 3_600_000)
  await keyring.unlock(orThrow(parsePhrase(`${'test '.repeat(11)}junk`)))
  const { address } = await keyring.account(0)
  const ledger = createCell(area, 'ledger', ledgerSchema)
  const book = new PurchaseBook(createCell(area, 'purchases', purchaseListSchema), () => undefined)
  const seen: Order[] = []
  const state = {
    balanceWei: total,
    fails: undefined as ErrorCode | undefined,
    onChain: false,
    budget: { perVideoWei: 1000n, perDayWei: 1000n },
  }
  const ask = async (name: string, params: { order?: Order; video?: VideoId }) => {
    if (name === 'quote') return { ...quote, terms: { ...quote.terms, id: params.video ?? asked.video } }
    if (name === 'buy' && params.order !== undefined) {
      seen.push(params.order)
      if (state.fails !== undefined) throw new ParatiiError(state.fails)
      return {}
    }
    if (!state.onChain) throw new ParatiiError('purchase-unknown')
    return {
      purchase: (await book.list())[0]?.purchase,
      verifiedBytes: 0,
      paidWei: 0n,
      hosts: 0,
      failures: 0,
    }
  }
  const buying = new Buying({
    wallet: {
      stored: async () => ({
        account: { index: 0, address },
        network,
        budget: state.budget,
        vault: {} as never,
      }),
    },
    keyring,
    book,
    node: { ask: ask as NodeLink['ask'] },
    funds: async () => ({ deployment: { chainId: 31337, store, token }, balanceWei: state.balanceWei }),
    ledger,
    crypto,
    random,
    clock,
  })
  const buy = async (agreedWei = total) => buying.buy(asked, await buying.prepare(asked), agreedWei)
  return { buying, buy, book, ledger, keyring, clock, seen, state, area }
}
const promised = async (desk: Awaited<ReturnType<typeof createDesk>>) =>
  (await desk.ledger.read())?.promisedWei ?? 0n

describe('buying', () => {
  it('says what a video costs and signs nothing for it', async () => {
    const desk = await createDesk()
    const { offer, locked } = await desk.buying.prepare(asked)
    expect(offer).toMatchObject({ priceWei: 400n, hostsWei: 25n, payee: addressOf('cc'), bought: false })
    expect(locked).toBe(false)
    expect(desk.seen).toEqual([])
    expect(await promised(desk)).toBe(0n)
  })

  it('sends an order that takes exactly what was agreed to', async () => {
    const desk = await createDesk()
    const purchase = await desk.buy()
    const [order] = desk.seen
    if (order === undefined) throw new Error('no order')
    expect(totalWei(order)).toBe(total)
    expect(order).toMatchObject({ chainId: 31337, store, payment: 'authorization', terms: quote.terms })
    expect(await desk.book.list()).toMatchObject([
      { purchase, state: 'open', totalWei: total, title: quote.title },
    ])
    expect((await desk.book.list())[0]).not.toHaveProperty('order')
    expect(await promised(desk)).toBe(total)
  })

  it.each([
    ['one unit less was agreed to', 'terms-changed', {}, total - 1n],
    ['one unit is missing', 'balance-too-low', { balanceWei: total - 1n }, total],
    [
      'the budget is one unit short',
      'budget-exhausted',
      { budget: { perVideoWei: 424n, perDayWei: 1000n } },
      total,
    ],
  ])('signs nothing when %s', async (_, code, change, agreedWei) => {
    const desk = await createDesk()
    Object.assign(desk.state, change)
    await expect(desk.buy(agreedWei)).rejects.toMatchObject({ code })
    expect(desk.seen).toEqual([])
    expect(await desk.book.list()).toEqual([])
    expect(await promised(desk)).toBe(0n)
  })

  it('signs nothing while the wallet is locked', async () => {
    const desk = await createDesk()
    await desk.keyring.lock()
    await expect(desk.buy()).rejects.toMatchObject({ code: 'wallet-locked' })
    expect([desk.seen, await desk.book.list(), await promised(desk)]).toEqual([[], [], 0n])
  })

  it('never passes the budget, however many tabs ask at once', async () => {
    const desk = await createDesk()
    desk.state.balanceWei = 10_000n
    const videos = ['01', '02', '03', '04', '05'].map(digits => ({
      ...asked,
      video: hashOf(digits) as Hash as VideoId,
    }))
    const prepared = await Promise.all(videos.map(video => desk.buying.prepare(video)))
    const bought = await Promise.allSettled(
      videos.map((video, i) => desk.buying.buy(video, prepared[i] as (typeof prepared)[number], total)),
    )
    expect(bought.filter(one => one.status === 'fulfilled')).toHaveLength(2)
    expect(await promised(desk)).toBe(2n * total)
  })

  it('buys a video once, when two tabs agree to it at once', async () => {
    const desk = await createDesk()
    desk.state.onChain = true
    const [one, two] = [await desk.buying.prepare(asked), await desk.buying.prepare(asked)]
    const bought = await Promise.all([desk.buying.buy(asked, one, total), desk.buying.buy(asked, two, total)])
    expect(bought[0]).toBe(bought[1])
    expect(desk.seen).toHaveLength(1)
    expect(await promised(desk)).toBe(total)
  })

  it('forgets a refused order, and gives the budget back', async () => {
    const desk = await createDesk()
    desk.state.fails = 'order-mismatch'
    await expect(desk.buy()).rejects.toMatchObject({ code: 'order-mismatch' })
    expect(await desk.book.list()).toEqual([])
    expect(await promised(desk)).toBe(0n)
  })

  it('sends the same order again after the publisher was out of reach, also from a new worker', async () => {
    const desk = await createDesk()
    desk.state.fails = 'publisher-unreachable'
    await expect(desk.buy()).rejects.toMatchObject({ code: 'publisher-unreachable' })
    expect(await promised(desk)).toBe(total)

    const next = await createDesk(desk.area)
    const { bought, offer } = await next.buying.prepare(asked)
    expect(offer.bought).toBe(true)
    if (bought === undefined) throw new Error('forgotten')
    await next.buying.reopen(bought)
    expect(next.seen).toEqual(desk.seen)
    expect(await promised(next)).toBe(total)
    expect(await next.book.list()).toMatchObject([{ state: 'open' }])
  })

  it('gives up an order that is too old and not on the chain, and keeps one that is', async () => {
    for (const onChain of [false, true]) {
      const desk = await createDesk()
      desk.state.fails = 'publisher-unreachable'
      await expect(desk.buy()).rejects.toThrow()
      desk.state.onChain = onChain
      desk.clock.advance(3_000_000)
      expect((await desk.buying.prepare(asked)).offer.bought).toBe(onChain)
      expect(await promised(desk)).toBe(onChain ? total : 0n)
    }
  })

  it('shows no offer above the limit of the site', async () => {
    const desk = await createDesk()
    await expect(desk.buying.prepare({ ...asked, priceMaxWei: 399n })).rejects.toMatchObject({
      code: 'price-above-limit',
    })
  })
})
