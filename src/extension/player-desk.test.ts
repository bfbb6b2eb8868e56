import { describe, expect, it } from 'vitest'
import type { PlayerUpdate } from '#bridge/contract.ts'
import type { WalletState } from '#bridge/shapes.ts'
import type { FormatName, Hash, PurchaseNonce, VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { openSession, type Prepared } from './player-desk.ts'

const asked = { video: `0x${'aa'.repeat(32)}` as Hash as VideoId, format: 'cmaf' as FormatName }
const purchase = `0x${'bb'.repeat(32)}` as PurchaseNonce
const site = 'https://a.example'
const ticket = 'cc'.repeat(16)

function createSession(bought = false) {
  const state = {
    wallet: 'unlocked' as WalletState['status'],
    fails: undefined as ErrorCode | undefined,
    playsEarly: false,
    mined: Promise.resolve(),
  }
  const updates: PlayerUpdate[] = []
  const told: string[] = []
  const agreed: bigint[] = []
  const allowed: [string, bigint][] = []
  const warmed: boolean[] = []
  let reopened = 0
  const offer = { ticket, title: 't', site, priceWei: 400n, hostsWei: 25n, bought } as Prepared['offer']
  const session = openSession(
    {
      wallet: async () => ({ status: state.wallet, settings: { resumesAlone: true } }) as WalletState,
      async prepare() {
        if (state.fails !== undefined) throw new ParatiiError(state.fails)
        return { offer, locked: state.wallet === 'locked', bought: bought ? {} : undefined } as Prepared
      },
      async buy(_, __, agreedWei, onReadable) {
        agreed.push(agreedWei)
        if (state.playsEarly) onReadable(purchase)
        await state.mined
        return purchase
      },
      async reopen() {
        reopened++
        return purchase
      },
      allowAlways: async (site, upToWei) => void allowed.push([site, upToWei]),
      issueTicket: async () => ticket,
      warm: ({ bought }) => void warmed.push(bought !== undefined),
    },
    { send: update => updates.push(update), tell: name => told.push(name) },
  )
  const last = () => {
    const update = updates.at(-1)
    return update?.type === 'state' ? update.state.status : update?.type
  }
  return { session, state, updates, told, agreed, allowed, warmed, last, reopened: () => reopened }
}

describe('a player page', () => {
  it('is offered a price, and told to play only after its yes', async () => {
    const { session, last, told, agreed, updates } = createSession()
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
    expect([told, agreed]).toEqual([['paratii-paymentrequired'], []])
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    await expect.poll(last).toBe('ready')
    expect(agreed).toEqual([425n])
    expect(session.purchase).toBe(purchase)
    expect(updates.at(-1)).toMatchObject({
      state: { purchase, ticket, manifest: 'manifest.mpd', resumesAlone: true },
    })
  })

  it('cannot say yes to what it was not shown, nor twice', async () => {
    const { session, last, agreed } = createSession()
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
    session.receive({ type: 'watch', ticket: 'dd'.repeat(16), agreedWei: 425n })
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    await expect.poll(last).toBe('ready')
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    expect(agreed).toEqual([425n])
  })

  it('may say that such videos start unasked from now on, on the site that embeds it and on no other', async () => {
    for (const isDirect of [true, false]) {
      const { session, last, allowed } = createSession()
      session.receive({ type: 'open', asked, place: { origin: site, isDirect } })
      await expect.poll(last).toBe('offered')
      session.receive({ type: 'watch', ticket, agreedWei: 425n, always: true })
      await expect.poll(last).toBe('ready')
      expect(allowed).toEqual(isDirect ? [[site, 425n]] : [])
    }
  })

  it('plays what is free while the purchase is made', async () => {
    const { session, state, last, updates } = createSession()
    const mined = Promise.withResolvers<void>()
    Object.assign(state, { playsEarly: true, mined: mined.promise })
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    await expect.poll(last).toBe('ready')
    const { length } = updates
    mined.resolve()
    await mined.promise
    await new Promise(setImmediate)
    expect(updates).toHaveLength(length)
    expect(session.purchase).toBe(purchase)
  })

  it('plays no more of a purchase that was refused', async () => {
    const { session, state, last } = createSession()
    const mined = Promise.withResolvers<void>()
    Object.assign(state, { playsEarly: true, mined: mined.promise })
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    await expect.poll(last).toBe('ready')
    mined.reject(new ParatiiError('terms-changed'))
    await expect.poll(last).toBe('failed')
    expect(session.purchase).toBeUndefined()
  })

  it('goes on with what was bought before, and pays nothing for it', async () => {
    const { session, last, agreed, told, warmed, reopened } = createSession(true)
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
    expect(warmed).toEqual([true])
    session.receive({ type: 'watch', ticket, agreedWei: 0n })
    await expect.poll(last).toBe('ready')
    expect([agreed, told, reopened()]).toEqual([[], [], 1])
  })

  it('is told that there is no wallet, and starts over when there is one', async () => {
    const { session, state, last } = createSession()
    state.wallet = 'absent'
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('absent')
    state.wallet = 'unlocked'
    session.walletChanged()
    await expect.poll(last).toBe('offered')
  })

  it('is told why nothing plays, and may ask again', async () => {
    const { session, state, last } = createSession()
    state.fails = 'chain-unreachable'
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('failed')
    state.fails = undefined
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
  })

  it('buys nothing once the wallet is locked', async () => {
    const { session, state, last, agreed } = createSession()
    session.receive({ type: 'open', asked })
    await expect.poll(last).toBe('offered')
    state.wallet = 'locked'
    session.receive({ type: 'watch', ticket, agreedWei: 425n })
    await expect.poll(last).toBe('failed')
    expect(agreed).toEqual([])
  })

  it('tells its tag what grew, and stops when the viewer stops', async () => {
    const { session, told, last, updates } = createSession()
    session.receive({ type: 'follow', purchase, asked })
    const meter = { purchase, verifiedBytes: 1, paidWei: 1n, hosts: 1, failures: 0 }
    session.noteMeter(meter)
    session.noteMeter({ ...meter, verifiedBytes: 2 })
    session.noteMeter({ ...meter, verifiedBytes: 2, failures: 1 })
    expect(told).toEqual([
      'paratii-payment',
      'paratii-chunkverified',
      'paratii-chunkverified',
      'paratii-hosterror',
    ])
    session.noteMeter({ ...meter, purchase: `0x${'00'.repeat(32)}` as PurchaseNonce })
    expect(updates).toHaveLength(3)
    session.walletChanged()
    expect(last()).toBe('wallet-changed')
    session.stopped(purchase)
    expect(last()).toBe('stopped')
    expect(session.purchase).toBeUndefined()
  })
})
