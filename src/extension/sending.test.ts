import { expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Transfer } from '#bridge/provider.ts'
import type { Network } from '#bridge/shapes.ts'
import type { Hash } from '#std/brand.ts'
import { addressOf } from './buying.stage.ts'
import { Sending } from './sending.ts'

const network: Network = { name: 'n', chainId: 5, rpcUrl: 'http://127.0.0.1:1', registry: addressOf('ab') }

it('says when a reorganisation took out what was mined, until it is mined again', async () => {
  const hash = `0x${'01'.repeat(32)}` as Hash
  let transfers: Transfer[] = [
    { hash, atMs: 0, chainId: 5, from: addressOf('01'), token: 'ETH', wei: 1n, state: 'sent' },
  ]
  const chain = { receipt: null as { status: string } | null }
  const sending = new Sending({
    rpc: () => ({ request: async () => chain.receipt }),
    keyring: { signWith: () => Promise.reject(new Error('nothing is signed')) },
    transfers: {
      read: async () => transfers,
      async update(change) {
        transfers = await change(transfers)
        return transfers
      },
      remove: async () => undefined,
    },
    crypto,
    clock: createManualClock(1000),
    changed: () => undefined,
  })
  const look = async () => {
    await sending.check(network)
    const [{ state, isUndone } = {}] = await sending.list()
    return [state, isUndone]
  }
  expect(await look()).toEqual(['sent', undefined])
  chain.receipt = { status: '0x1' }
  expect(await look()).toEqual(['mined', undefined])
  chain.receipt = null
  expect(await look()).toEqual(['sent', true])
  chain.receipt = { status: '0x0' }
  expect(await look()).toEqual(['failed', undefined])
})
