/** The node's dedicated Worker: libp2p, Helia, hosts and receipts, away from every page's thread. */
import * as v from 'valibot'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { openIndexedDbRecords } from '#adapters/records-indexed-db.ts'
import type { ViewingView } from '#bridge/earning.ts'
import { createLockLifelines } from '#bridge/lifeline.ts'
import { connectMessage } from '#bridge/node-contract.ts'
import type { Network } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import { createMarketReader } from '#chain/market-reader.ts'
import { createChainReader } from '#chain/reader.ts'
import { createBrowserNode } from '#network/browser-node.ts'
import { PostOffice } from '#network/post-office.ts'
import { createViewer } from '#roles/viewer/viewer.ts'
import { type BlockPacks, openBlockPacks } from './block-packs.ts'
import { Earner } from './earner.ts'
import { type KeptFilms, NodeDesk, type NodeRoles } from './node-desk.ts'
import { recordsName } from './records-name.ts'

declare const self: DedicatedWorkerGlobalScope

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

async function startRoles(network: Network, told: (viewing: ViewingView) => void): Promise<NodeRoles> {
  const [node, records, { blocks, leaves }] = await Promise.all([
    createBrowserNode(),
    openIndexedDbRecords(recordsName(network)),
    openedPacks(),
  ])
  const [clock, random, crypto] = [clockSystem, randomSystem, cryptoNoble]
  const rpc = connectNetwork(network)
  const reader = createChainReader(network, rpc)
  const shared = { chainId: network.chainId, reader, node, records, leaves, clock, random, crypto }
  const mail = await PostOffice.start({ ...shared, relays: [] })
  let made: Earner | undefined
  const viewer = await createViewer({ ...shared, blocks }, Promise.resolve(mail))
  return {
    viewer,
    // The market's contracts are looked up when somebody first asks for bids.
    earner: once(async () => {
      const market = createMarketReader(await reader.addresses(), rpc)
      made = new Earner({ ...shared, mailbox: mail.letters, market }, told)
      return made
    }),
    async stop() {
      made?.shutdown()
      await viewer.shutdown()
    },
  }
}

/** Makes it when it is first asked for; again if that failed. */
const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch(thrown => {
      made = undefined
      throw thrown
    })
    return made
  }
}

const desk = new NodeDesk({
  lifelines: createLockLifelines(),
  createRoles: startRoles,
  films,
  idle: () => self.postMessage({ type: 'idle' }),
})

self.addEventListener('message', ({ data, ports }) => {
  const [port] = ports
  if (port !== undefined && v.is(connectMessage, data)) desk.connect(port)
})
