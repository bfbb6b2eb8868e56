import { errorFrom } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { connectRpc } from './http-rpc.ts'

type Nodes = { readonly rpcUrl: string; readonly fallbackUrl?: string | undefined }

/** The node of a network, or its two nodes as one. */
export const connectNetwork = ({ rpcUrl, fallbackUrl }: Nodes): JsonRpc =>
  fallbackUrl === undefined ? connectRpc(rpcUrl) : pairOf(rpcUrl, fallbackUrl)

/** One for each pair of addresses, so that what was learned of the first is not forgotten with each question. */
const pairs = new Map<string, JsonRpc>()
const pairOf = (rpcUrl: string, fallbackUrl: string): JsonRpc => {
  const key = `${rpcUrl} ${fallbackUrl}`
  const pair = pairs.get(key) ?? createFailoverRpc(connectRpc(rpcUrl), connectRpc(fallbackUrl), Date.now)
  pairs.set(key, pair)
  return pair
}

const lookEveryMs = 15_000
/** Blocks that one node may be behind the other before it is taken for stuck. */
const mostBlocksBehind = 5

/**
 * Two nodes of one chain: the second answers what the first could not be asked, and everything while the first is more
 * than a few blocks behind it. What a node refuses, the other is not asked: the refusal is the answer.
 */
export function createFailoverRpc(first: JsonRpc, second: JsonRpc, nowMs: () => number): JsonRpc {
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let isLagging = false
  let looking: Promise<void> | undefined
  const heightOf = async (rpc: JsonRpc, signal: AbortSignal | undefined): Promise<number | undefined> => {
    const height = await rpc.request('eth_blockNumber', [], signal).catch(() => undefined)
    return typeof height === 'string' ? Number(height) : undefined
  }
  const look = async (signal: AbortSignal | undefined): Promise<void> => {
    const [one, other] = await Promise.all([heightOf(first, signal), heightOf(second, signal)])
    isLagging = other !== undefined && (one === undefined || other - one > mostBlocksBehind)
    lookedAtMs = nowMs()
  }
  return {
    async request(method, params, signal) {
      if (nowMs() - lookedAtMs > lookEveryMs)
        looking ??= look(signal).finally(() => {
          looking = undefined
        })
      await looking
      const [preferred, other] = isLagging ? [second, first] : [first, second]
      try {
        return await preferred.request(method, params, signal)
      } catch (thrown) {
        if (errorFrom(thrown).code !== 'chain-unreachable') throw thrown
        return other.request(method, params, signal)
      }
    },
  }
}
