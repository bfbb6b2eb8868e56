import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { type Attention, type BidView, firstAttention } from '#bridge/earning.ts'
import { verifyAcceptance } from '#protocol/acceptance.ts'
import { identityOf } from '#protocol/signature.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Address, Cid, FormatName, Hash, Signature, VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { EarningDesk, type EarningMemory } from './earning-desk.ts'
import { createCell } from './store.ts'

const key = new Uint8Array(32).fill(5)
const { address: mine } = identityOf(cryptoNoble, key)
const addressOf = (byte: string) => `0x${byte.repeat(20)}` as Address
const hashOf = (byte: string) => `0x${byte.repeat(32)}` as Hash
const campaigns = addressOf('cc')
const network = { name: 'n', chainId: 7, rpcUrl: 'http://127.0.0.1:1', registry: addressOf('22') }
const bidOf = (byte: string, rateWei: bigint, more: Partial<BidView> = {}): BidView => ({
  hash: hashOf(byte),
  payer: addressOf(byte),
  title: byte,
  rateWei,
  affiliateBps: 0,
  affiliate: addressOf('00'),
  receivedAtMs: 0,
  validUntil: 2_000_000_000,
  length: 60,
  visible: 0,
  challenge: 0,
  ...more,
})

const openDesk = (bids: BidView[], attention: Partial<Attention> = {}) => {
  const stored = new Map<string, unknown>()
  const area = {
    get: async (name: string) => ({ [name]: stored.get(name) }),
    set: async (items: Record<string, unknown>) => {
      for (const [name, value] of Object.entries(items)) stored.set(name, structuredClone(value))
    },
    remove: async (name: string) => void stored.delete(name),
  }
  const acceptances: Hash[] = []
  let breaks = false
  const signed: { acceptance: Parameters<EarningDesk['sign']>[0]; signature: Signature }[] = []
  const acceptanceOf = (bid: BidView) => ({
    bid: bid.hash,
    payer: bid.payer,
    payee: mine,
    signer: bid.payer,
    video: hashOf('ee') as string as VideoId,
    format: 'cmaf' as FormatName,
    address: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' as Cid,
    rate: bid.rateWei,
    chunkSeconds: 4,
    length: bid.length,
    validUntil: bid.validUntil,
  })
  const node = {
    async ask(name: string, params: { bid?: Hash }) {
      if (name === 'bids') return { bids }
      const bid = bids.find(({ hash }) => hash === params.bid)
      if (bid === undefined || breaks) throw new ParatiiError('allotment-invalid')
      acceptances.push(bid.hash)
      const acceptance = acceptanceOf(bid)
      signed.push({ acceptance, signature: await desk.sign(acceptance) })
      return {
        viewing: bid.hash,
        title: bid.title,
        advertiser: bid.payer,
        rateWei: bid.rateWei,
        chunkSeconds: 4,
        length: 60,
        earnedWei: 0n,
        acceptedAtMs: 0,
        isRunning: true,
      }
    },
  }
  const desk: EarningDesk = new EarningDesk({
    wallet: { stored: async () => ({ network, account: { index: 0, address: mine } }) } as never,
    keyring: {
      isUnlocked: async () => true,
      signWith: async (_: number, sign: (k: Uint8Array) => never) => sign(key),
    },
    node: node as never,
    attention: createCell<Attention>(area, 'attention', v.any()),
    memory: createCell<EarningMemory>(area, 'memory', v.any()),
    languages: async () => ['en'],
    campaigns: async () => campaigns,
    viewings: async () => [],
    clock: createManualClock(1_000),
    crypto: cryptoNoble,
    changed() {},
  })
  const ready = desk.setAttention({ ...firstAttention, isOn: true, ...attention })
  return {
    desk,
    ready,
    signed,
    acceptances,
    acceptanceOf,
    breakWord(broken: boolean) {
      breaks = broken
    },
  }
}

describe('being paid for attention', () => {
  it('ranks what is good enough, and leaves out what pays a part to another site', async () => {
    const site = addressOf('aa')
    const bids = [
      bidOf('01', 5n),
      bidOf('02', 20n),
      bidOf('03', 30n, { affiliateBps: 5000, affiliate: site }),
      bidOf('04', 90n, { affiliateBps: 100, affiliate: addressOf('bb') }),
    ]
    const { desk, ready } = openDesk(bids, { minimumWei: 10n })
    await ready
    expect((await desk.look(site)).map(({ title }) => title)).toEqual(['02', '03'])
    expect((await desk.look()).map(({ title }) => title)).toEqual(['02'])
  })

  it('signs the acceptance of a bid that was said yes to, and of nothing else', async () => {
    const [good, other] = [bidOf('01', 5n), bidOf('02', 4n)]
    const { desk, ready, signed, acceptanceOf } = openDesk([good, other])
    await ready
    await desk.look()
    await desk.accept(good.hash)
    const [{ acceptance, signature }] = signed as [(typeof signed)[number]]
    expect(verifyAcceptance(cryptoNoble, paratiiDomain(7, campaigns), acceptance, signature).ok).toBe(true)
    for (const wrong of [acceptanceOf(other), acceptanceOf(good)])
      await expect(desk.sign(wrong)).rejects.toMatchObject({ code: 'not-permitted' })
    await expect(desk.accept(good.hash)).rejects.toMatchObject({ code: 'bid-unknown' })
  })

  it.each([
    ['another payee', { payee: addressOf('dd') }],
    ['a lower rate', { rate: 4n }],
    ['another payer', { payer: addressOf('dd') }],
    ['another length', { length: 61 }],
  ])('never signs %s than was seen', async (_, change) => {
    const bid = bidOf('01', 5n)
    const { desk, ready, acceptanceOf } = openDesk([bid])
    await ready
    await desk.look()
    const sign = desk.sign.bind(desk)
    desk.sign = acceptance => sign({ ...acceptance, ...change })
    await expect(desk.accept(bid.hash)).rejects.toMatchObject({ code: 'not-permitted' })
    expect(acceptanceOf(bid).rate).toBe(5n)
  })

  it('never signs what would cost something', async () => {
    const bid = bidOf('01', -5n)
    const { desk, ready } = openDesk([bid])
    await ready
    expect(await desk.look()).toEqual([])
    await expect(desk.accept(bid.hash)).rejects.toMatchObject({ code: 'bid-unknown' })
  })

  it('takes by itself only what the day allows, in all and from one advertiser', async () => {
    const bids = [bidOf('01', 9n), bidOf('02', 5n), bidOf('03', 3n)]
    const limits = { isAutomatic: true, secondsPerDay: 120, secondsPerAdvertiser: 60 }
    const { desk, ready } = openDesk(bids, limits)
    await ready
    const next = async () => desk.choose(await desk.look())
    const first = await next()
    expect(first?.title).toBe('01')
    await desk.accept(first?.hash ?? hashOf('00'))
    const second = await next()
    expect(second?.title).toBe('02')
    await desk.accept(second?.hash ?? hashOf('00'))
    expect(await next()).toBeUndefined()
  })

  it('plays what was pressed in the popup, once', async () => {
    const { desk, ready } = openDesk([bidOf('01', 9n), bidOf('02', 5n)])
    await ready
    await desk.look()
    desk.press(hashOf('02'))
    expect((await desk.choose(desk.pressed ?? []))?.title).toBe('02')
    expect(await desk.choose(await desk.look())).toBeUndefined()
    expect(() => desk.press(hashOf('07'))).toThrow()
  })

  it('counts a bidder that broke its word for less', async () => {
    const bids = [bidOf('01', 9n), bidOf('02', 5n)]
    const { desk, ready, breakWord } = openDesk(bids)
    await ready
    await desk.look()
    breakWord(true)
    await expect(desk.accept(hashOf('01'))).rejects.toMatchObject({ code: 'allotment-invalid' })
    expect((await desk.look()).map(({ title }) => title)).toEqual(['02', '01'])
  })
})
