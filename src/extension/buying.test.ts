import { describe, expect, it } from 'vitest'
import type { Place } from '#bridge/shapes.ts'
import { totalWei } from '#protocol/order.ts'
import type { Hash, VideoId } from '#std/brand.ts'
import { addressOf, asked, createArea, createDesk, hashOf, quote, store, total } from './buying.stage.ts'

describe('buying', () => {
  it('says what a video costs and signs nothing for it', async () => {
    const desk = await createDesk()
    const { offer, locked } = await desk.buying.prepare(asked)
    expect(offer).toMatchObject({ priceWei: 400n, hostsWei: 25n, payee: addressOf('cc'), bought: false })
    expect(locked).toBe(false)
    expect(desk.seen).toEqual([])
    expect(await desk.promisedWei()).toBe(0n)
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
    expect(await desk.promisedWei()).toBe(total)
  })

  it('names the site that sold it in the order, and nobody where the tag names nobody', async () => {
    const desk = await createDesk()
    const affiliate = addressOf('af')
    const other = { ...asked, video: hashOf('02') as Hash as VideoId, affiliate }
    desk.state.balanceWei = 2n * total
    await desk.buy()
    await desk.buying.buy(other, await desk.buying.prepare(other), total)
    expect(desk.seen.map(order => order.affiliate)).toEqual([addressOf('00'), affiliate])
  })

  it.each([
    ['one unit less was agreed to', 'terms-changed', {}, total - 1n],
    ['one unit is missing', 'balance-too-low', { balanceWei: total - 1n }, total],
    [
      'the budget is one unit short',
      'budget-exhausted',
      { budget: { perVideoWei: 424n, perDayWei: 1000n, perMonthWei: 1000n } },
      total,
    ],
  ])('signs nothing when %s', async (_, code, change, agreedWei) => {
    const desk = await createDesk()
    Object.assign(desk.state, change)
    await expect(desk.buy(agreedWei)).rejects.toMatchObject({ code })
    expect(desk.seen).toEqual([])
    expect(await desk.book.list()).toEqual([])
    expect(await desk.promisedWei()).toBe(0n)
  })

  it('signs nothing while the wallet is locked', async () => {
    const desk = await createDesk()
    await desk.keyring.lock()
    await expect(desk.buy()).rejects.toMatchObject({ code: 'wallet-locked' })
    expect([desk.seen, await desk.book.list(), await desk.promisedWei()]).toEqual([[], [], 0n])
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
    expect(await desk.promisedWei()).toBe(2n * total)
  })

  it('buys a video once, when two tabs agree to it at once', async () => {
    const desk = await createDesk()
    desk.state.onChain = true
    const [one, two] = [await desk.buying.prepare(asked), await desk.buying.prepare(asked)]
    const bought = await Promise.all([desk.buying.buy(asked, one, total), desk.buying.buy(asked, two, total)])
    expect(bought[0]).toBe(bought[1])
    expect(desk.seen).toHaveLength(1)
    expect(await desk.promisedWei()).toBe(total)
  })

  it('keeps a refused order promised until nobody can submit it, and finds one that was submitted all the same', async () => {
    for (const onChain of [false, true]) {
      const desk = await createDesk()
      desk.state.fails = 'order-mismatch'
      await expect(desk.buy()).rejects.toMatchObject({ code: 'order-mismatch' })
      expect((await desk.buying.prepare(asked)).offer.bought).toBe(false)
      await desk.buying.sweep()
      expect(await desk.promisedWei()).toBe(total)
      desk.clock.advance(721_000)
      desk.state.onChain = onChain
      await desk.buying.sweep()
      expect(await desk.promisedWei()).toBe(onChain ? total : 0n)
      expect((await desk.book.list()).map(({ state }) => state)).toEqual(onChain ? ['open'] : [])
    }
  })

  it('sends the same order again after the publisher was out of reach, also from a new worker', async () => {
    const desk = await createDesk()
    desk.state.fails = 'publisher-unreachable'
    await expect(desk.buy()).rejects.toMatchObject({ code: 'publisher-unreachable' })
    expect(await desk.promisedWei()).toBe(total)

    const next = await createDesk(desk.area)
    const { bought, offer } = await next.buying.prepare(asked)
    expect(offer.bought).toBe(true)
    if (bought === undefined) throw new Error('forgotten')
    await next.buying.reopen(bought)
    expect(next.seen).toEqual(desk.seen)
    expect(await next.promisedWei()).toBe(total)
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
      expect(await desk.promisedWei()).toBe(onChain ? total : 0n)
    }
  })

  it('shows no offer above the limit of the site', async () => {
    const desk = await createDesk()
    await expect(desk.buying.prepare({ ...asked, priceMaxWei: 399n })).rejects.toMatchObject({
      code: 'price-above-limit',
    })
  })

  const site = 'https://a.example'
  const here = { origin: site, isDirect: true }
  const videoOf = (digits: string) => hashOf(digits) as string as VideoId

  it('buys nothing on a site that may never take anything, and no more than its own budget elsewhere', async () => {
    const desk = await createDesk()
    desk.state.balanceWei = 10_000n
    await desk.sites.set(site, () => ({ perDayWei: 0n }))
    await expect(desk.buy(total, asked.video, here)).rejects.toMatchObject({ code: 'budget-exhausted' })
    await desk.sites.set(site, () => ({ perDayWei: total }))
    await desk.buy(total, videoOf('01'), here)
    await expect(desk.buy(total, videoOf('02'), here)).rejects.toMatchObject({ code: 'budget-exhausted' })
    await desk.buy(total, videoOf('03'), { ...here, origin: 'https://b.example' })
    expect(desk.seen).toHaveLength(2)
    expect((await desk.book.list()).map(entry => entry.site)).toEqual(['https://b.example', site])
  })

  it('says which videos may start unasked: up to the sum agreed for that site, embedded by it and nobody else', async () => {
    const desk = await createDesk()
    const isAgreed = async (place?: Place) => (await desk.buying.prepare(asked, place)).offer.isAgreed
    expect(await isAgreed(here)).toBe(false)
    await desk.sites.set(site, () => ({ alwaysWei: total }))
    expect(await isAgreed(here)).toBe(true)
    expect(await isAgreed({ ...here, isDirect: false })).toBe(false)
    expect(await isAgreed({ ...here, origin: 'https://b.example' })).toBe(false)
    expect(await isAgreed()).toBe(false)
    await desk.sites.set(site, () => ({ alwaysWei: total - 1n }))
    expect(await isAgreed(here)).toBe(false)
  })

  it('has no new budget by a clock set forward while the chain has its own time, nor by one set back', async () => {
    const desk = await createDesk()
    desk.state.balanceWei = 10_000n
    desk.state.budget = { ...desk.state.budget, perDayWei: total }
    desk.state.chainTimeMs = desk.clock.nowMs()
    await desk.buy(total, videoOf('01'))
    desk.clock.advance(86_400_000)
    await desk.unlock()
    await expect(desk.buy(total, videoOf('02'))).rejects.toMatchObject({ code: 'budget-exhausted' })
    desk.state.chainTimeMs -= 86_400_000
    await expect(desk.buy(total, videoOf('02'))).rejects.toMatchObject({ code: 'budget-exhausted' })
    desk.state.chainTimeMs += 2 * 86_400_000
    await desk.buy(total, videoOf('02'))
    expect(desk.seen).toHaveLength(2)
  })

  it('gets back what a worker promised that ended before it wrote an order down', async () => {
    const area = createArea()
    const desk = await createDesk(area)
    await desk.budgets.reserve(
      desk.state.budget,
      { id: hashOf('77'), video: asked.video, wei: 900n },
      desk.clock.nowMs(),
    )
    expect(await desk.promisedWei()).toBe(900n)
    const next = await createDesk(area)
    await next.buy()
    expect(await next.promisedWei()).toBe(total)
  })
})
