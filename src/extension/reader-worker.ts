/** The Worker that reads what is public: beside the node, so that a page that reads much slows no film. */
import * as v from 'valibot'
import { failureOf } from '#bridge/failure.ts'
import { type ReaderMessage, readerMessage } from '#bridge/reader-contract.ts'
import type { Network } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import { listNodeAddresses } from '#chain/node-list.ts'
import { createChainReader } from '#chain/reader.ts'
import { dataPlaneUrls } from '#network/address.ts'
import { FreeReader } from '#network/free-reader.ts'
import { findPurchases } from './found-purchases.ts'

declare const self: DedicatedWorkerGlobalScope

const readMs = 45_000
const findMs = 110_000
/** Who gives what for nothing is looked up on the chain no more often than this. */
const lookMs = 60_000

const readers = new Map<string, FreeReader>()

function readerOf(network: Network): FreeReader {
  const key = `${network.chainId} ${network.rpcUrl} ${network.registry}`
  const known = readers.get(key)
  if (known !== undefined) return known
  const rpc = connectNetwork(network)
  const chain = createChainReader(network, rpc)
  let found: { readonly atMs: number; readonly urls: Promise<readonly string[]> } | undefined
  const look = async (signal: AbortSignal): Promise<readonly string[]> => {
    const { userRegistry } = await chain.addresses(signal)
    return dataPlaneUrls(await listNodeAddresses(rpc, userRegistry, signal))
  }
  const reader = new FreeReader({
    sources(signal) {
      if (found === undefined || Date.now() - found.atMs > lookMs) {
        const looking = { atMs: Date.now(), urls: look(signal) }
        found = looking
        looking.urls.catch(() => {
          if (found === looking) found = undefined
        })
      }
      return found.urls
    },
  })
  readers.set(key, reader)
  return reader
}

async function answer(message: ReaderMessage): Promise<unknown> {
  const { network } = message
  if (message.type === 'read-free') {
    const { cid, path, offset } = message.asked
    const { bytes, size } = await readerOf(network).read(cid, path, offset, AbortSignal.timeout(readMs))
    return { bytes: bytes.slice(), size }
  }
  const rpc = connectNetwork(network)
  const timeOf = async (block: number): Promise<number> => {
    const answer = await rpc.request('eth_getBlockByNumber', [`0x${block.toString(16)}`, false])
    return Number(v.parse(v.object({ timestamp: v.string() }), answer).timestamp)
  }
  const signal = AbortSignal.timeout(findMs)
  return findPurchases(createChainReader(network, rpc), timeOf, message.buyer, signal)
}

self.addEventListener('message', ({ data, ports: [port] }) => {
  const message = v.safeParse(readerMessage, data)
  if (port === undefined || !message.success) return
  answer(message.output)
    .then(
      value => ({ ok: true as const, value }),
      thrown => ({ ok: false as const, failure: failureOf(thrown) }),
    )
    .then(told => port.postMessage(told))
})
