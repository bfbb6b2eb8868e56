import * as v from 'valibot'
import type { Schema } from '#protocol/fields.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { type Contract, type Log, logSchema, parseLog, quantity } from './call.ts'

/** Blocks that one question covers: what public nodes answer. One that refuses is asked for half of them. */
const blocksPerPage = 5000

/** Which logs: of one event, with indexed arguments equal to those given (`null` is any). */
export type LogQuery = {
  readonly event: string
  readonly indexed: readonly (string | null)[]
  /** Block number. */
  readonly fromBlock: number
  /** The newest so many are enough; older ones are then not looked for. Default: all. */
  readonly enough?: number
}

/**
 * Logs of a contract, oldest first. They are looked for page by page from the newest block on, so that no node is asked for
 * more than it answers. Throws `chain-unreachable`, `aborted`, `transaction-failed` where a node refuses a single block.
 */
export const listLogs = async <T>(
  rpc: JsonRpc,
  contract: Contract,
  { event, indexed, fromBlock, enough = Number.POSITIVE_INFINITY }: LogQuery,
  schema: Schema<T>,
  signal?: AbortSignal,
): Promise<readonly (T & { readonly log: Log })[]> => {
  const topics = contract.abi.encodeFilterTopics(event, [...indexed])
  const ask = async (from: number, to: number): Promise<readonly Log[]> => {
    const filter = { address: contract.address, topics, fromBlock: quantity(from), toBlock: quantity(to) }
    return v.parse(v.array(logSchema), await rpc.request('eth_getLogs', [filter], signal))
  }
  let found: readonly (T & { readonly log: Log })[] = []
  let blocks = blocksPerPage
  let to = Number(await rpc.request('eth_blockNumber', [], signal))
  while (to >= fromBlock && found.length < enough) {
    const from = Math.max(fromBlock, to - blocks + 1)
    let page: readonly Log[]
    try {
      page = await ask(from, to)
    } catch (thrown) {
      if (!isRefusal(thrown) || from === to) throw thrown
      blocks = Math.ceil((to - from + 1) / 2)
      continue
    }
    const parsed = page.flatMap(log => {
      const values = parseLog(contract, event, log, schema)
      return values === undefined ? [] : [{ ...values, log }]
    })
    found = [...parsed, ...found]
    to = from - 1
  }
  return found
}

const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof ParatiiError && thrown.code === 'transaction-failed'
