import * as v from 'valibot'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { createSeededRandom } from '#adapters/random-seeded.ts'
import type { NodeQuote } from '#bridge/node-contract.ts'
import type { Place } from '#bridge/shapes.ts'
import type { Order } from '#protocol/order.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Address, FormatName, Hash, VideoId } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { Keyring } from '#wallet/keyring.ts'
import { ledgerSchema } from '#wallet/ledger.ts'
import { parsePhrase } from '#wallet/phrase.ts'
import { BudgetDesk } from './budget-desk.ts'
import { Buying } from './buying.ts'
import type { NodeLink } from './node-link.ts'
import { PurchaseBook, purchaseListSchema } from './purchase-book.ts'
import { SiteBook, siteRulesSchema } from './site-book.ts'
import { createCell, type StorageArea } from './store.ts'
import { firstSettings } from './wallet-record.ts'

/** The bytes of a hash, given as their two digits. */
export const hashOf = (digits: string) => `0x${digits.repeat(32)}` as Hash
export const addressOf = (digits: string) => `0x${digits.repeat(20)}` as Address
export const [store, token] = [addressOf('ee'), addressOf('ff')]
const network = { name: 'n', chainId: 31337, rpcUrl: 'http://127.0.0.1:1', registry: addressOf('ab') }
const host = identityOf(crypto, new Uint8Array(32).fill(7))
export const asked = { video: hashOf('aa') as Hash as VideoId, format: 'cmaf' as FormatName }
export const quote: NodeQuote = {
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
/** All that an order for it takes: the price, and 25 bytes for the host. */
export const total = 425n

/** Storage that survives the workers of a test, as the browser's does. */
export function createArea(): StorageArea {
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
export async function createDesk(area = createArea(), seedText = 'buying') {
  const clock = createManualClock(Date.UTC(2026, 4, 1))
  const random = createSeededRandom(seedText)
  const seed = createCell(area, 'seed', v.unknown())
  const secrets = {
    read: seed.read,
    write: async (value: unknown) => void (await seed.update(() => value)),
    clear: seed.remove,
  }
  const keyring = new Keyring({ secrets, crypto, clock }, async () => 3_600_000)
  const unlock = () => keyring.unlock(orThrow(parsePhrase(`${'test '.repeat(11)}junk`)))
  await unlock()
  const { address } = await keyring.account(0)
  const sites = new SiteBook(createCell(area, 'sites', siteRulesSchema), () => undefined)
  const ledger = createCell(area, 'ledger', ledgerSchema)
  const budgets = new BudgetDesk({ ledger, sites, changed: () => undefined })
  const book = new PurchaseBook(createCell(area, 'purchases', purchaseListSchema), () => undefined)
  const seen: Order[] = []
  let heard: (order: Order) => void | Promise<void> = () => undefined
  const state = {
    balanceWei: total,
    fails: undefined as ErrorCode | undefined,
    onChain: false,
    /** The chain's clock, where it is not the machine's. */
    chainTimeMs: undefined as number | undefined,
    budget: { perVideoWei: 1000n, perDayWei: 1000n, perMonthWei: 5000n },
  }
  const ask = async (name: string, params: { order?: Order; video?: VideoId }) => {
    if (name === 'quote') return { ...quote, terms: { ...quote.terms, id: params.video ?? asked.video } }
    if (name === 'buy' && params.order !== undefined) {
      seen.push(params.order)
      await heard(params.order)
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
        version: 2 as const,
        account: { index: 0, address },
        accounts: [{ index: 0, address }],
        network,
        networks: [network],
        budget: state.budget,
        settings: firstSettings,
        vault: {} as never,
      }),
    },
    keyring,
    book,
    node: { ask: ask as NodeLink['ask'] },
    funds: async () => ({
      deployment: { chainId: 31337, store, token },
      balanceWei: state.balanceWei,
      chainTimeMs: state.chainTimeMs ?? clock.nowMs(),
    }),
    isOnChain: async () => state.onChain,
    budgets,
    sites,
    crypto,
    random,
    clock,
  })
  const buy = async (agreedWei = total, video = asked.video, place?: Place) => {
    const wanted = { ...asked, video }
    return buying.buy(wanted, await buying.prepare(wanted, place), agreedWei)
  }
  const promisedWei = async () => (await budgets.use(clock.nowMs())).dayWei
  /** Calls back for each order as the node gets it. */
  const onOrder = (hear: (order: Order) => void | Promise<void>): void => {
    heard = hear
  }
  return {
    buying,
    buy,
    onOrder,
    unlock,
    book,
    budgets,
    sites,
    promisedWei,
    keyring,
    clock,
    seen,
    state,
    area,
  }
}
