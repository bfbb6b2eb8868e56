import { Interface } from 'ethers'
import * as v from 'valibot'
import type { Schema } from '#protocol/fields.ts'
import type { Address } from '#std/brand.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { addressValue } from './call.ts'
import { listLogs } from './logs.ts'

/** Nodes that were not registered anew for so many blocks are not looked for: a chain is longer than patience. */
const mostBlocks = 250_000
const mostLogs = 100

/** Addresses of the nodes that accounts registered lately, the newest first, each account's last word only. */
export const listNodeAddresses = async (
  rpc: JsonRpc,
  userRegistry: Address,
  signal?: AbortSignal,
): Promise<readonly string[]> => {
  const height = Number(await rpc.request('eth_blockNumber', [], signal))
  const query = {
    event: 'NodesSet',
    indexed: [],
    fromBlock: Math.max(0, height - mostBlocks),
    enough: mostLogs,
  }
  const contract = { address: userRegistry, abi: new Interface(userRegistryAbi) }
  const logs = await listLogs(rpc, contract, query, nodesSet, signal)
  const last = new Map(logs.map(({ user, addresses }) => [user, addresses]))
  return [...new Set([...last.values()].toReversed().flat())]
}

const nodesSet: Schema<{ readonly user: Address; readonly addresses: readonly string[] }> = v.pipe(
  v.strictTuple([addressValue, v.array(v.tuple([v.string(), v.array(v.string())]))]),
  v.transform(([user, nodes]) => ({ user, addresses: nodes.flatMap(([, addresses]) => addresses) })),
)
