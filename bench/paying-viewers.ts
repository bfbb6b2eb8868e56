import { Wallet } from 'ethers'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { createChainWriter } from '#chain/writer.ts'
import { cmafFormat } from '#cli/publish-film.ts'
import type { Town } from '#devnet/town.ts'
import type { Leaf } from '#media/dag.ts'
import { leafBytes } from '#media/limits.ts'
import { BufferPool } from '#network/buffer-pool.ts'
import { createMessageNode } from '#network/node.ts'
import { draftOrder } from '#payments/purchase.ts'
import { digestWallet, signNodeKey } from '#protocol/order.ts'
import { signCompact } from '#protocol/signature.ts'
import { HostLink } from '#roles/viewer/host-link.ts'
import { recordOf } from '#roles/viewer/ordering.ts'
import { findVideo } from '#roles/viewer/quoting.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, Hash } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'

const forever = new AbortController().signal
const noAffiliate = '0x0000000000000000000000000000000000000000' as Address
/** Leaves of one request, and requests at a time: as the extension's viewer asks one host. */
const leavesPerRun = 16
const runsAtATime = 2

export type PayingViewer = {
  /** Reads leaves, checks and counts them, signs receipts. */
  read(leaves: readonly Leaf[]): Promise<void>
  /** Receipts signed so far. */
  readonly receipts: number
  /** Signs the rest; resolves when the host has stored it. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Makes viewers of one host that each have a purchase, a key and a connection of their own, by the viewer's own code. */
export const openViewers = async ({ chain, video }: Town) => {
  const rpc = connectRpc(chain.rpcUrl)
  const reader = createChainReader(chain, rpc)
  const wallet = Wallet.createRandom()
  const buyer = wallet.address.toLowerCase() as Address
  await chain.faucet(buyer, 500n * weiPerPti, 10n ** 20n)
  const addresses = await reader.addresses()
  const writer = createChainWriter(addresses, createSender(rpc, chain.chainId, wallet))
  await writer.approveStore(500n * weiPerPti)
  const walletKey = Buffer.from(wallet.privateKey.slice(2), 'hex')
  const shared = { reader, clock: clockSystem, random: randomSystem, crypto: cryptoNative }
  const ports = {
    ...shared,
    chainId: chain.chainId,
    node: await createMessageNode(),
    records: createMemoryRecords(),
    blocks: createMemoryBlocks(),
    leaves: createMemoryBlocks(),
  }
  const { quote, head } = await findVideo(ports, video, cmafFormat, forever)
  const pool = new BufferPool(leafBytes, 64)

  const open = async (): Promise<PayingViewer> => {
    const nodeKey = randomSystem.bytes(32)
    const draft = orThrow(
      draftOrder(cryptoNative, {
        terms: quote.terms,
        hosts: quote.hosts,
        capacity: quote.capacity,
        buyer,
        salt: hexFromBytes(randomSystem.bytes(32)) as Hash,
        relayFee: 0n,
        validUntil: Math.floor(Date.now() / 1000) + 3600,
        affiliate: noAffiliate,
        chainId: quote.chainId,
        store: quote.store,
        payment: 'allowance',
      }),
    )
    const nodeSignature = signNodeKey(cryptoNative, draft, nodeKey)
    const signature = signCompact(cryptoNative, digestWallet(draft, nodeSignature, quote.token), walletKey)
    const order = { ...draft, IPFS_signature: nodeSignature, wallet_signature: signature }
    await writer.submitOrder(order)
    const purchase = recordOf(ports, quote, order, nodeKey)
    const [host] = purchase.hosts
    if (host === undefined) throw new Error('an order without a host')
    const node = await createMessageNode()
    let receipts = 0
    const link = await HostLink.create({
      ports: { ...ports, node, records: createMemoryRecords() },
      purchase,
      leaf: 0,
      host,
      nodeKey,
      pool,
      confirmed: Promise.resolve(),
      onSigned: () => void receipts++,
    })
    await link.connect()
    return {
      get receipts() {
        return receipts
      },
      async read(leaves) {
        let next = 0
        const run = async (): Promise<void> => {
          while (next < leaves.length) {
            const asked = leaves.slice(next, next + leavesPerRun)
            next += asked.length
            const take = async (leaf: Leaf, { buffer }: Uint8Array<ArrayBuffer>) => {
              link.count(leaf)
              pool.give(buffer)
            }
            await link.fetch(asked, take, forever)
          }
        }
        await Promise.all(Array.from({ length: runsAtATime }, run))
      },
      flush: () => link.flush(),
      async close() {
        await link.close()
        await node.stop()
      },
    }
  }
  return { leaves: head.directory.leaves, open, close: () => ports.node.stop() }
}
