import { Interface } from 'ethers'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { weiValue } from './call.ts'
import { type LogQuery, listLogs } from './logs.ts'

const contract = {
  address: '0x00000000000000000000000000000000000000c1' as Address,
  abi: new Interface(['event Counted(uint256 count)']),
}
const query: LogQuery = { event: 'Counted', indexed: [null], fromBlock: 0 }
const schema = v.pipe(
  v.strictTuple([weiValue]),
  v.transform(([count]) => ({ count })),
)

/** A node with a log in each of some blocks, which answers for no more than `most` blocks at once. */
const nodeWith = (head: number, blocks: readonly number[], most: number) => {
  const asked: (readonly [from: number, to: number])[] = []
  const rpc: JsonRpc = {
    async request(method, params) {
      if (method === 'eth_blockNumber') return `0x${head.toString(16)}`
      const { fromBlock, toBlock } = v.parse(
        v.tuple([v.object({ fromBlock: v.string(), toBlock: v.string() })]),
        params,
      )[0]
      const [from, to] = [Number(fromBlock), Number(toBlock)]
      asked.push([from, to])
      if (to - from + 1 > most) throw new ParatiiError('transaction-failed', { message: 'range too wide' })
      return blocks
        .filter(block => block >= from && block <= to)
        .map(block => ({
          address: contract.address,
          ...contract.abi.encodeEventLog('Counted', [block]),
          blockNumber: `0x${block.toString(16)}`,
          transactionHash: `0x${'ab'.repeat(32)}`,
        }))
    },
  }
  const list = async (wish: Partial<LogQuery> = {}) =>
    (await listLogs(rpc, contract, { ...query, ...wish }, schema)).map(({ count }) => Number(count))
  return { asked, list }
}

describe('logs of a contract', () => {
  it('are all found, oldest first, by questions of bounded width that leave no block out', async () => {
    const blocks = [0, 1, 4999, 5000, 5001, 12_345, 20_000]
    const { asked, list } = nodeWith(20_000, blocks, 5000)
    expect(await list()).toEqual(blocks)
    expect(asked.every(([from, to]) => to - from < 5000)).toBe(true)
    expect(asked.reduce((sum, [from, to]) => sum + to - from + 1, 0)).toBe(20_001)
  })

  it('are found by a node that answers for less, which is asked for half', async () => {
    const blocks = [3, 700, 701, 9000]
    const { list } = nodeWith(9000, blocks, 600)
    expect(await list()).toEqual(blocks)
    expect(await list({ fromBlock: 701 })).toEqual([701, 9000])
  })

  it('are not looked for any further once there are enough', async () => {
    const { asked, list } = nodeWith(1_000_000, [10, 999_000], 5000)
    expect(await list({ enough: 1 })).toEqual([999_000])
    expect(asked).toHaveLength(1)
  })

  it('cannot be had of a node that refuses a single block', async () => {
    await expect(nodeWith(5, [], 0).list()).rejects.toMatchObject({ code: 'transaction-failed' })
  })
})
