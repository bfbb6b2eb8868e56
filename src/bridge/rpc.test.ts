import { describe, expect, it } from 'vitest'
import { ParatiiError } from '#std/error.ts'
import type { RequestName } from './contract.ts'
import { requests } from './contract.ts'
import { answer, ask, type RequestHandlers } from './rpc.ts'
import type { Context } from './sender.ts'
import { wireOf } from './wire.ts'

const address = `0x${'1'.repeat(40)}`
const network = { name: 'devnet', chainId: 31337, rpcUrl: 'http://127.0.0.1:8545', registry: address }
const budget = { perVideoWei: '5', perDayWei: '20', perMonthWei: '100' }
const settings = { autoLockMinutes: 60, isBackedUp: true, resumesAlone: false, keptMiB: 2048 }
const accounts = [{ index: 0, address }]
const unlocked = {
  status: 'unlocked',
  address,
  accounts,
  network,
  networks: [network],
  budget,
  settings,
} as const

/** Handlers that remember what reached them. */
function listen(reply: (name: RequestName, params: unknown) => unknown = () => unlocked) {
  const heard: { name: RequestName; params: unknown }[] = []
  const handlers = Object.fromEntries(
    Object.keys(requests).map(name => [
      name,
      async (params: unknown) => {
        heard.push({ name: name as RequestName, params })
        return reply(name as RequestName, params)
      },
    ]),
  ) as unknown as RequestHandlers
  return { heard, handlers, sendAs: (from: Context) => (message: unknown) => answer(handlers, from, message) }
}

describe('a request between contexts', () => {
  it('reaches its handler with amounts as numbers again, and is answered', async () => {
    const { heard, sendAs } = listen()
    const state = await ask(sendAs('onboarding'), 'wallet-create', {
      phrase: 'p',
      password: 'q',
      network,
      budget: { perVideoWei: 5n, perDayWei: 20n, perMonthWei: 100n },
      isBackedUp: true,
    } as never)
    expect(heard[0]?.params).toMatchObject({ budget: { perVideoWei: 5n, perDayWei: 20n } })
    expect(state).toMatchObject({ status: 'unlocked', budget: { perDayWei: 20n } })
  })

  it('is refused from a content script, whatever it asks but the one thing that is for sites', async () => {
    const { heard, sendAs } = listen()
    const others = Object.keys(requests).filter(name => name !== 'provider-request')
    for (const request of others)
      expect(await sendAs('page')({ request, params: {} })).toEqual({
        ok: false,
        error: { code: 'not-permitted', details: {} },
      })
    expect(heard).toEqual([])
  })

  it('is refused from a page of ours that has no business with it', async () => {
    const { heard, sendAs } = listen()
    await expect(ask(sendAs('player'), 'wallet-unlock', { password: 'x' })).rejects.toMatchObject({
      code: 'not-permitted',
    })
    expect(heard).toEqual([])
  })

  it.each([
    [{ request: 'wallet-unlock', params: {} }],
    [{ request: 'wallet-unlock', params: { password: '' } }],
    [{ request: 'wallet-unlock', params: { password: 'x'.repeat(2000) } }],
    [{ request: 'network-check', params: { rpcUrl: 'javascript:alert(1)', registry: address } }],
    [{ request: 'purchase-stop', params: { purchase: '0x12' } }],
    [{ request: 'constructor', params: {} }],
    [{ request: '__proto__', params: {} }],
  ])('is refused when it is not of its shape: %j', async message => {
    const { heard, sendAs } = listen()
    expect(await sendAs('popup')(message)).toMatchObject({ ok: false, error: { code: 'request-malformed' } })
    expect(heard).toEqual([])
  })

  it('is no request when it is something else', async () => {
    const { sendAs } = listen()
    for (const message of [undefined, null, 'wallet-lock', 7, {}, { type: 'tag-event' }])
      expect(await sendAs('popup')(message)).toBeUndefined()
  })

  it('carries a failure as its code, and of a bug nothing but that it is one', async () => {
    const wrong = listen(() => {
      throw new ParatiiError('password-wrong')
    })
    await expect(ask(wrong.sendAs('popup'), 'wallet-unlock', { password: 'x' })).rejects.toMatchObject({
      code: 'password-wrong',
    })
    const broken = listen(() => {
      throw new TypeError('seed 0x1234')
    })
    const reply = await broken.sendAs('popup')({ request: 'wallet-lock', params: {} })
    expect(reply).toEqual({ ok: false, error: { code: 'fault', details: {} } })
  })

  it('gets no answer that is not of its shape', async () => {
    const { sendAs } = listen(() => ({ status: 'unlocked' }))
    await expect(ask(sendAs('popup'), 'wallet-state', {})).rejects.toThrow()
  })

  it('writes amounts as text, however deep', () => {
    expect(wireOf({ a: [{ b: 1n }], c: null, d: 'x' })).toEqual({ a: [{ b: '1' }], c: null, d: 'x' })
  })
})
