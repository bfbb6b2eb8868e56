import { createHash } from 'node:crypto'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import type { ChainConfig } from '#chain/config.ts'
import { createChainReader } from '#chain/reader.ts'
import { createMessageNode } from '#network/node.ts'
import { createViewer } from '#roles/viewer/viewer.ts'
import type { Hex, PurchaseNonce } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import { forever, openDiskHome } from './stage.ts'

/** What the process is told, as JSON in its first argument. */
export type ViewerOrders = {
  readonly folder: string
  readonly name: string
  readonly chain: ChainConfig
  /** A purchase that this viewer's home knows, and its key. */
  readonly nonce: PurchaseNonce
  readonly nodeKey: Hex
  /** Files to read to their end, one after the other. */
  readonly paths: readonly string[]
}

/**
 * A viewer as a process of its own, so that a test can kill it: takes a purchase up, reads files, and closes it. It
 * prints a line for each piece that it has read, and one for each whole file.
 */
const run = async ({ folder, name, chain, nonce, nodeKey, paths }: ViewerOrders) => {
  const node = await createMessageNode()
  const viewer = await createViewer({
    chainId: chain.chainId,
    reader: createChainReader(chain),
    node,
    ...openDiskHome(folder, name),
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNoble,
  })
  await viewer.resume(nonce, bytesFromHex(nodeKey), forever)
  for (const path of paths) {
    const hash = createHash('sha256')
    const { body } = await viewer.read(nonce, path, undefined, forever)
    for await (const piece of body) {
      hash.update(piece)
      const digest = createHash('sha256').update(piece).digest('hex')
      console.log(JSON.stringify({ piece: digest }))
    }
    console.log(JSON.stringify({ path, sha256: hash.digest('hex') }))
  }
  await viewer.stop(nonce, forever)
  await viewer.shutdown()
  await node.stop()
  process.exit(0)
}

await run(JSON.parse(process.argv[2] ?? '') as ViewerOrders)
