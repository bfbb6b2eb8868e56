import { join } from 'node:path'
import { Wallet } from 'ethers'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import type { ChainConfig } from '#chain/config.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { createChainWriter } from '#chain/writer.ts'
import { createMessageNode } from '#network/node.ts'
import { startHost } from '#roles/host/host.ts'
import { defaultHostConfig } from '#roles/host/ports.ts'
import { defaultPublisherConfig } from '#roles/publisher/ports.ts'
import { startPublisher } from '#roles/publisher/publisher.ts'
import type { Address } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { actorOf, payoutOf } from './chain-fixture.ts'

/** What the process is told, as JSON in its first argument. */
export type RoleOrders = {
  readonly role: 'host' | 'publisher'
  readonly name: string
  readonly folder: string
  readonly chain: ChainConfig
  readonly publishers: readonly Address[]
  /** Ports of libp2p and of the data plane; 0 takes free ones. */
  readonly ports: readonly [number, number]
}

/**
 * One role as a process of its own, so that a test can kill it. It prints a line when it serves, settles nothing by
 * itself, and on SIGTERM stops as a daemon does.
 */
const run = async ({ role, name, folder, chain, publishers, ports: [messagePort, httpPort] }: RoleOrders) => {
  const actor = actorOf(name)
  const nodeKey = actorOf(`${name} node`).secretKey
  const rpc = connectRpc(chain.rpcUrl)
  const reader = createChainReader(chain, rpc)
  const wallet = new Wallet(hexFromBytes(actor.secretKey))
  const ports = {
    reader,
    writer: createChainWriter(await reader.addresses(), createSender(rpc, chain.chainId, wallet)),
    node: await createMessageNode({ nodeKey, listen: [`/ip4/127.0.0.1/tcp/${messagePort}/ws`] }),
    records: openSqliteRecords(join(folder, `${name}.db`)),
    blocks: await openFileBlocks(join(folder, `${name}-blocks`)),
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNative,
    nodeKey,
    notice: (event: string, details: object) => console.error(name, event, JSON.stringify(details)),
  }
  const settle = {
    batchCostWei: 0n,
    receiptCostWei: 0n,
    worthTimes: 1n,
    leastGainWei: 10n ** 30n,
    marginMs: 0,
    maxReceipts: 200,
  }
  const config = {
    chainId: chain.chainId,
    settle,
    dataPlane: { host: '127.0.0.1', port: httpPort },
    tickMs: 500,
  }
  const serving =
    role === 'host'
      ? await startHost({
          ...ports,
          config: { ...defaultHostConfig, ...config, payout: payoutOf(actor.address), publishers },
        })
      : await startPublisher({
          ...ports,
          config: { ...defaultPublisherConfig, ...config },
          walletKey: actor.secretKey,
        })
  process.once('SIGTERM', async () => {
    await serving.stop()
    await ports.node.stop()
    ports.records.close()
    process.exit(0)
  })
  console.log(JSON.stringify(serving.addresses()))
}

await run(JSON.parse(process.argv[2] ?? '') as RoleOrders)
