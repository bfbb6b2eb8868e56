import { describe, expect, it } from 'vitest'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { createFailoverRpc } from './failover-rpc.ts'

function createNode(name: string) {
  const state = { height: 100, fails: undefined as 'chain-unreachable' | 'transaction-failed' | undefined }
  const asked: string[] = []
  const rpc: JsonRpc = {
    async request(method) {
      if (state.fails !== undefined) throw new ParatiiError(state.fails)
      asked.push(method)
      return method === 'eth_blockNumber' ? `0x${state.height.toString(16)}` : name
    },
  }
  return { rpc, state, asked }
}

function createPair() {
  const [first, second] = [createNode('first'), createNode('second')]
  const clock = { nowMs: 0 }
  const rpc = createFailoverRpc(first.rpc, second.rpc, () => clock.nowMs)
  return { first, second, clock, ask: () => rpc.request('eth_call', []) }
}

describe('two nodes of one chain', () => {
  it('are one: the first answers while it can', async () => {
    const { ask, second } = createPair()
    expect(await ask()).toBe('first')
    expect(second.asked).toEqual(['eth_blockNumber'])
  })

  it('answer as long as one of them is there', async () => {
    const { ask, first, second } = createPair()
    await ask()
    first.state.fails = 'chain-unreachable'
    expect(await ask()).toBe('second')
    second.state.fails = 'chain-unreachable'
    await expect(ask()).rejects.toMatchObject({ code: 'chain-unreachable' })
    first.state.fails = undefined
    expect(await ask()).toBe('first')
  })

  it('are asked the second first while the first lags behind', async () => {
    const { ask, first, second, clock } = createPair()
    second.state.height = 105
    expect(await ask()).toBe('first')
    second.state.height = 106
    clock.nowMs += 15_001
    expect(await ask()).toBe('second')
    first.state.height = 106
    clock.nowMs += 15_001
    expect(await ask()).toBe('first')
  })

  it('do not ask the second what the first refused', async () => {
    const { ask, first, second } = createPair()
    await ask()
    first.state.fails = 'transaction-failed'
    await expect(ask()).rejects.toMatchObject({ code: 'transaction-failed' })
    expect(second.asked).toEqual(['eth_blockNumber'])
  })
})
