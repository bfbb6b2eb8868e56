import { Transaction, verifyMessage, verifyTypedData } from 'ethers'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { createSeededRandom } from '#adapters/random-seeded.ts'
import type { Approval } from '#bridge/provider.ts'
import type { Network, SiteRule } from '#bridge/shapes.ts'
import type { Address } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import { Keyring } from '#wallet/keyring.ts'
import { parsePhrase } from '#wallet/phrase.ts'
import { Approvals } from './approvals.ts'
import { addressOf } from './buying.stage.ts'
import { ProviderDesk } from './provider-desk.ts'
import { type ProviderError, providerErrorOf, unauthorized } from './provider-error.ts'
import { createRateGate } from './rate-gate.ts'
import { Sending } from './sending.ts'
import { SitePermissions } from './site-permissions.ts'

const site = 'https://dapp.example'
const token = addressOf('ff')
const network: Network = {
  name: 'n',
  chainId: 31337,
  rpcUrl: 'http://127.0.0.1:1',
  registry: addressOf('ab'),
}
const sepolia: Network = { ...network, name: 'sepolia', chainId: 11_155_111 }

async function createStage() {
  let held: unknown
  const clock = createManualClock(1_000_000)
  const secrets = {
    read: async () => held,
    async write(value: unknown) {
      held = value
    },
    async clear() {
      held = undefined
    },
  }
  const keyring = new Keyring({ secrets, crypto, clock }, async () => 3_600_000)
  const unlock = () => keyring.unlock(orThrow(parsePhrase(`${'test '.repeat(11)}junk`)))
  await unlock()
  const { index, address } = await keyring.account(0)
  const wallet = { account: { index, address }, network, networks: [network, sepolia] }
  const rules: Record<string, SiteRule> = {}
  const sent: string[] = []
  const asked: string[] = []
  const answers: Record<string, unknown> = {
    eth_getBlockByNumber: { baseFeePerGas: '0x10' },
    eth_maxPriorityFeePerGas: '0x2',
    eth_estimateGas: '0x5208',
    eth_getTransactionCount: '0x7',
    eth_getBalance: '0xde0b6b3a7640000',
    eth_blockNumber: '0x1',
  }
  const rpc = () => ({
    async request(method: string, params: readonly unknown[]) {
      asked.push(method)
      if (method === 'eth_sendRawTransaction') sent.push(String(params[0]))
      return answers[method]
    },
  })
  let shown = 0
  const approvals = new Approvals({
    random: createSeededRandom('provider'),
    show: () => void shown++,
    changed: () => undefined,
  })
  let transfers: never[] = []
  const sending = new Sending({
    rpc,
    keyring,
    crypto,
    clock,
    changed: () => undefined,
    transfers: {
      read: async () => transfers,
      async update(change) {
        transfers = (await change(transfers)) as never[]
        return transfers
      },
      remove: async () => undefined,
    },
  })
  const desk = new ProviderDesk({
    wallet: {
      stored: async () => ({ ...wallet }) as never,
      state: async () => ({}) as never,
      async setNetwork(next) {
        wallet.network = next
        return {} as never
      },
    },
    keyring,
    permissions: new SitePermissions({
      sites: {
        get: async origin => rules[origin ?? ''] ?? {},
        async set(origin, change) {
          rules[origin] = change(rules[origin] ?? {})
        },
      },
      approvals,
    }),
    reach: { read: unreached, control: unreached },
    approvals,
    sending,
    crypto,
    rpc,
    token: async () => token,
    checkChain: async () => 5,
    passes: createRateGate(clock.nowMs, { burst: 100, perSecond: 20 }),
  })
  const request = (method: string, params?: unknown, origin = site) =>
    desk.request(origin, { method, params })
  /** Asks, waits until a person is shown it, and lets them answer; what they were shown. */
  const askAnd = async (isYes: boolean, method: string, params?: unknown) => {
    const answer = request(method, params)
    answer.catch(() => undefined)
    await expect.poll(() => approvals.list().length).toBe(1)
    const [approval] = approvals.list()
    if (approval === undefined) throw new Error('nothing was asked')
    approvals.answer(approval.id, isYes)
    return { answer, approval: approval as Approval }
  }
  const connect = async () => (await askAnd(true, 'eth_requestAccounts')).answer
  const stage = { wallet, rules, sent, asked, answers, approvals, keyring, address, clock }
  return { ...stage, request, askAnd, connect, unlock, shown: () => shown, transfers: () => transfers }
}

const unreached = () => Promise.reject(new Error('what window.paratii asks for has a test of its own'))

const codeOf = async (answer: Promise<unknown>): Promise<number | undefined> =>
  answer.then(
    () => undefined,
    thrown => (providerErrorOf(thrown) as ProviderError).code,
  )

describe('the provider', () => {
  it('tells a site nothing of accounts before a person says yes, and again after they say no more', async () => {
    const { request, askAnd, address, approvals } = await createStage()
    expect(await request('eth_accounts')).toEqual([])
    expect(await request('eth_chainId')).toBe('0x7a69')
    expect(await request('wallet_getPermissions')).toEqual([])
    expect(await codeOf(request('eth_blockNumber'))).toBe(4100)
    const refused = await askAnd(false, 'eth_requestAccounts')
    expect(await codeOf(refused.answer)).toBe(4001)
    const { answer, approval } = await askAnd(true, 'wallet_requestPermissions', [{ eth_accounts: {} }])
    expect(approval).toMatchObject({ asks: 'connect', origin: site, account: address })
    expect(await answer).toMatchObject([{ parentCapability: 'eth_accounts' }])
    expect(await request('eth_requestAccounts')).toEqual([address])
    expect(await request('eth_accounts', [], 'https://other.example')).toEqual([])
    await request('wallet_revokePermissions', [{ eth_accounts: {} }])
    expect(await request('eth_accounts')).toEqual([])
    expect(approvals.list()).toEqual([])
  })

  it('signs a message that a person saw, and warns where it is not what it seems', async () => {
    const { askAnd, connect, address } = await createStage()
    await connect()
    const hex = `0x${Buffer.from('Hello, höst').toString('hex')}`
    const { answer, approval } = await askAnd(true, 'personal_sign', [hex, address])
    expect(approval).toMatchObject({ asks: 'message', message: 'Hello, höst', warnings: [] })
    expect(verifyMessage('Hello, höst', String(await answer)).toLowerCase()).toBe(address)
    const warningsOf = async (message: string) =>
      (await askAnd(false, 'personal_sign', [message, address])).approval.warnings
    expect(await warningsOf(`0x${'ab'.repeat(32)}`)).toEqual(['not-text'])
    expect(await warningsOf('abc\u202edef')).toEqual(['not-text'])
    const signIn = 'wants you to sign in with your Ethereum account:\n0x'
    expect(await warningsOf(`bank.example ${signIn}`)).toEqual(['other-site'])
    expect(await warningsOf(`dapp.example ${signIn}`)).toEqual([])
  })

  const domain = { name: 'Shop', chainId: 31337, verifyingContract: addressOf('dd') }
  const types = {
    Permit: [
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
    ],
  }
  const message = { spender: addressOf('cc'), value: '5' }

  it('signs typed data that a person saw, field by field', async () => {
    const { askAnd, connect, address } = await createStage()
    await connect()
    const data = JSON.stringify({ types, primaryType: 'Permit', domain, message })
    const { answer, approval } = await askAnd(true, 'eth_signTypedData_v4', [address, data])
    expect(approval).toMatchObject({
      asks: 'typed',
      primaryType: 'Permit',
      application: 'Shop',
      contract: domain.verifyingContract,
      fields: [
        { path: 'spender', value: message.spender },
        { path: 'value', value: '5' },
      ],
      warnings: ['moves-money'],
    })
    expect(verifyTypedData(domain, types, message, String(await answer)).toLowerCase()).toBe(address)
  })

  it('signs nothing of Paratii’s own, nothing for another chain, and nothing that asks PTI’s contract', async () => {
    const { request, connect, address, shown } = await createStage()
    await connect()
    const before = shown()
    const ask = (changed: object) =>
      codeOf(
        request('eth_signTypedData_v4', [
          address,
          { types, primaryType: 'Permit', domain: { ...domain, ...changed }, message },
        ]),
      )
    expect(await ask({ name: 'Paratii' })).toBe(4100)
    expect(await ask({ chainId: 1 })).toBe(-32602)
    expect(await ask({ verifyingContract: token })).toBe(4100)
    expect(shown()).toBe(before)
  })

  it('sends a transaction that a person saw in words, with the most it can cost', async () => {
    const { askAnd, connect, address, sent, transfers } = await createStage()
    await connect()
    const data = `0xa9059cbb${'00'.repeat(12)}${'cc'.repeat(20)}${'05'.padStart(64, '0')}`
    const { answer, approval } = await askAnd(true, 'eth_sendTransaction', [
      { from: address, to: token, data },
    ])
    expect(approval).toMatchObject({
      asks: 'transaction',
      to: token,
      valueWei: 0n,
      meaning: { does: 'transfer', to: addressOf('cc'), amount: 5n },
      isPti: true,
      feeWei: 25_200n * 34n,
      warnings: [],
    })
    const hash = await answer
    const transaction = Transaction.from(sent[0] ?? '')
    expect(transaction).toMatchObject({ hash, nonce: 7, chainId: 31337n, data })
    expect(transaction.from?.toLowerCase()).toBe(address)
    expect(transfers()).toMatchObject([{ hash, state: 'sent', site }])
  })

  it('warns of what gives everything away, of what it cannot read, and of what will fail', async () => {
    const { askAnd, connect, address, answers } = await createStage()
    await connect()
    const warningsOf = async (data: string) =>
      (await askAnd(false, 'eth_sendTransaction', [{ from: address, to: token, data }])).approval.warnings
    expect(await warningsOf(`0x095ea7b3${'cc'.repeat(20).padStart(64, '0')}${'f'.repeat(64)}`)).toEqual([
      'unlimited',
    ])
    expect(await warningsOf('0x12345678')).toEqual(['unknown-call'])
    expect(answers).toBeDefined()
  })

  it.each([
    ['personal_sign', []],
    ['personal_sign', [7, 8]],
    ['personal_sign', 'text'],
    ['eth_signTypedData_v4', [null]],
    ['eth_signTypedData_v4', ['0x', '{']],
    ['eth_sendTransaction', [{ from: 1 }]],
    ['eth_sendTransaction', { length: 1e9 }],
    ['wallet_switchEthereumChain', [{ chainId: 1 }]],
    ['wallet_addEthereumChain', [{ chainId: '0x1', chainName: 'x', rpcUrls: ['javascript:1'] }]],
    ['wallet_requestPermissions', [{ everything: {} }]],
    ['wallet_revokePermissions', []],
  ])('refuses what makes no sense and shows nobody: %s %j', async (method, params) => {
    const { request, connect, shown } = await createStage()
    await connect()
    const before = shown()
    expect(await codeOf(request(method, params))).toBe(-32602)
    expect(shown()).toBe(before)
  })

  it.each(['eth_sign', 'eth_signTypedData', 'wallet_getSeed', 'constructor', '__proto__', 'eth_subscribe'])(
    'does not know %s',
    async method => {
      const { request, connect } = await createStage()
      await connect()
      expect(await codeOf(request(method))).toBe(4200)
    },
  )

  it('is not drowned: of 1,000 requests a person sees one, and the chain is asked no more than a site may', async () => {
    const { request, approvals, asked, shown, rules } = await createStage()
    const codes = await Promise.all(
      Array.from({ length: 1000 }, () =>
        Promise.race([codeOf(request('eth_requestAccounts')), Promise.resolve().then(() => 'waits')]),
      ),
    )
    expect(codes).toHaveLength(1000)
    await expect.poll(() => approvals.list().length).toBe(1)
    expect(shown()).toBe(1)
    rules['https://b.example'] = { isConnected: true }
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => codeOf(request('eth_blockNumber', [], 'https://b.example'))),
    )
    expect(answers.filter(code => code === undefined)).toHaveLength(100)
    expect(answers.filter(code => code === -32005)).toHaveLength(900)
    expect(asked).toHaveLength(100)
  })

  it('signs nothing that was asked before the wallet was locked, the account changed or the site went', async () => {
    const { request, connect, approvals, keyring, address, unlock, wallet } = await createStage()
    await connect()
    const waiting = async () => {
      const code = codeOf(request('personal_sign', ['hello', address]))
      await expect.poll(() => approvals.list().length).toBe(1)
      return { code, id: approvals.list()[0]?.id ?? '' }
    }
    const locked = await waiting()
    await keyring.lock()
    approvals.answer(locked.id, true)
    expect(await locked.code).toBe(4100)
    await unlock()
    const moved = await waiting()
    wallet.network = sepolia
    approvals.answer(moved.id, true)
    expect(await moved.code).toBe(4100)
    const gone = await waiting()
    approvals.end(unauthorized(), site)
    approvals.answer(gone.id, true)
    expect(await gone.code).toBe(4100)
  })

  it('goes to a chain that the person knows after their yes, and adds one whose node is what it says', async () => {
    const { request, askAnd, connect, wallet } = await createStage()
    await connect()
    expect(await request('wallet_switchEthereumChain', [{ chainId: '0x7a69' }])).toBeNull()
    expect(await codeOf(request('wallet_switchEthereumChain', [{ chainId: '0x99' }]))).toBe(4902)
    const { answer, approval } = await askAnd(true, 'wallet_switchEthereumChain', [{ chainId: '0xaa36a7' }])
    expect(approval).toMatchObject({ asks: 'network', name: 'sepolia', isNew: false })
    expect(await answer).toBeNull()
    expect(wallet.network).toBe(sepolia)
    const add = (chainId: string) => [{ chainId, chainName: 'Five', rpcUrls: ['https://five.example'] }]
    expect(await codeOf(request('wallet_addEthereumChain', add('0x6')))).toBe(-32602)
    const added = await askAnd(true, 'wallet_addEthereumChain', add('0x5'))
    expect(added.approval).toMatchObject({ asks: 'network', name: 'Five', chainId: 5, isNew: true })
    await added.answer
    expect(wallet.network).toMatchObject({ chainId: 5, rpcUrl: 'https://five.example' })
  })
})

it('has no other address than the wallet’s own', async () => {
  const { request, connect, askAnd } = await createStage()
  await connect()
  expect(await codeOf(request('personal_sign', ['x', addressOf('99') as Address]))).toBe(4100)
  expect((await askAnd(false, 'personal_sign', ['x', (await createStage()).address])).approval.asks).toBe(
    'message',
  )
})
