/** The node's dedicated Worker: libp2p, Helia, hosts and receipts, away from every page's thread. */
import * as v from 'valibot'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { openIndexedDbRecords } from '#adapters/records-indexed-db.ts'
import { createLockLifelines } from '#bridge/lifeline.ts'
import { connectMessage } from '#bridge/node-contract.ts'
import type { Network } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import { createChainReader } from '#chain/reader.ts'
import { createBrowserNode } from '#network/browser-node.ts'
import type { Viewer } from '#roles/viewer/api.ts'
import { createViewer } from '#roles/viewer/viewer.ts'
import { type BlockPacks, openBlockPacks } from './block-packs.ts'
import { type KeptFilms, NodeDesk } from './node-desk.ts'

declare const self: DedicatedWorkerGlobalScope

/** Receipts of one deployment never meet those of another. */
const recordsName = ({ chainId, registry }: Network): string => `paratii-${chainId}-${registry}`

let packs: Promise<BlockPacks> | undefined
/** Told before the packs are opened, and again when the person chooses another. */
let keptBytes = 0
const openedPacks = (): Promise<BlockPacks> => {
  packs ??= openBlockPacks(keptBytes)
  return packs
}
const films: KeptFilms = {
  keep(bytes) {
    if (bytes === keptBytes) return
    keptBytes = bytes
    // What fails of this fails of the next block, too, which is then not kept.
    packs?.then(({ limit }) => limit(bytes)).catch(() => undefined)
  },
  forget: async () => (await openedPacks()).clear(),
}

async function startViewer(network: Network): Promise<Viewer> {
  const [node, records, { blocks, leaves }] = await Promise.all([
    createBrowserNode(),
    openIndexedDbRecords(recordsName(network)),
    openedPacks(),
  ])
  return createViewer({
    chainId: network.chainId,
    reader: createChainReader(network, connectNetwork(network)),
    node,
    records,
    blocks,
    leaves,
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNoble,
  })
}

const desk = new NodeDesk({
  lifelines: createLockLifelines(),
  createViewer: startViewer,
  films,
  idle: () => self.postMessage({ type: 'idle' }),
})

self.addEventListener('message', ({ data, ports }) => {
  const [port] = ports
  if (port !== undefined && v.is(connectMessage, data)) desk.connect(port)
})
