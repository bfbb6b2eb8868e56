import { HDNodeWallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBlocks } from '#adapters/blocks-memory.ts'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { randomSystem as random } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { createMarketReader } from '#chain/market-reader.ts'
import { createPostingChannels } from '#chain/posting-channels.ts'
import { createSender } from '#chain/sender.ts'
import { importDirectory } from '#media/import-directory.ts'
import type { MessageNode } from '#network/message-node.ts'
import { createMessageNode } from '#network/node.ts'
import { servePosting } from '#network/posting-host.ts'
import { listKeptVideos } from '#roles/host/kept-videos.ts'
import { PostingDesk } from '#roles/host/posting-desk.ts'
import { type PostingOrder, postVideo } from '#roles/publisher/posting.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Cid, VideoId } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import { actorOf, cmaf, documentOf, type StartedChain, startChain, testPhrase } from './chain-fixture.ts'

const periodSeconds = 20
const feeWei = 1_000_000n
const deposit = weiPerPti / 1_000n
const segmentBytes = 1_300_000
const segments = 4
const host = actorOf('storing host')
const signer = actorOf('posting signer')
const forever = new AbortController().signal

let chain: StartedChain
let id: VideoId
let root: Cid
let hostNode: MessageNode
let posterNode: MessageNode
let desk: PostingDesk
let endServing: () => Promise<void>
const posted = createMemoryBlocks()
const stored = createMemoryBlocks()
const hostRecords = createMemoryRecords()
const posterRecords = createMemoryRecords()

const senderOf = (account: number) =>
  createSender(
    chain.rpc,
    chain.chain.chainId,
    HDNodeWallet.fromPhrase(testPhrase, undefined, `m/44'/60'/0'/0/${account}`),
  )

beforeAll(async () => {
  chain = await startChain(periodSeconds)
  const publisher = chain.writerOf(1)
  await chain.chain.faucet(publisher.address, weiPerPti)
  const files = Array.from({ length: segments }, (_, i) => ({
    path: `v720/${i + 1}.m4s`,
    content: (async function* () {
      yield random.bytes(segmentBytes)
    })(),
  }))
  root = orThrow(await importDirectory(files, posted))
  const document = documentOf(publisher.address, periodSeconds)
  const format = document.formats[cmaf]
  if (format === undefined) throw new Error('no format')
  id = await publisher.registerVideo({ ...document, formats: { [cmaf]: { ...format, hash: root } } })
  const market = createMarketReader(chain.addresses, chain.rpc)
  desk = new PostingDesk({
    chainId: chain.chain.chainId,
    reader: chain.reader,
    market,
    channels: createPostingChannels(chain.addresses, senderOf(2)),
    records: hostRecords,
    blocks: stored,
    crypto,
    random,
    nodeKey: host.secretKey,
    feeWei,
  })
  hostNode = await createMessageNode({ nodeKey: host.secretKey, listen: ['/ip4/127.0.0.1/tcp/0'] })
  posterNode = await createMessageNode()
  endServing = await servePosting(hostNode, desk)
}, 120_000)
afterAll(async () => {
  await endServing()
  await Promise.all([hostNode.stop(), posterNode.stop(), chain.chain.stop()])
})

const openChannel = async (lane: bigint): Promise<PostingOrder> => {
  const sender = senderOf(1)
  const route = { payee: host.address, signer: signer.address, lane }
  await createPostingChannels(chain.addresses, sender).open(route, deposit)
  return {
    id,
    format: cmaf,
    host: host.publicKey,
    route: { addresses: hostNode.getMultiaddrs().map(String) },
    channel: { payer: sender.address, ...route, counter: 1 },
    signerKey: signer.secretKey,
    mostFeeWei: feeWei,
  }
}
const post = (order: PostingOrder) =>
  postVideo(
    {
      chainId: chain.chain.chainId,
      reader: chain.reader,
      node: posterNode,
      records: posterRecords,
      blocks: posted,
      crypto,
    },
    order,
    forever,
  )

describe('a publisher pays a host to store and pin', () => {
  it('refuses what is not for it: no channel, too dear, another’s video', async () => {
    const order = await openChannel(7n)
    await expect(post({ ...order, channel: { ...order.channel, counter: 2 } })).rejects.toMatchObject({
      code: 'purchase-unknown',
    })
    await expect(post({ ...order, mostFeeWei: feeWei - 1n })).rejects.toMatchObject({
      code: 'fee-above-terms',
    })
    await expect(post({ ...order, signerKey: host.secretKey })).rejects.toMatchObject({
      code: 'signature-invalid',
    })
    expect(await listKeptVideos(hostRecords)).toEqual([])
  })

  it('sends every block, signs for what was stored, and the chain pays it out', async () => {
    const order = await openChannel(0n)
    const { newBytes, balanceWei } = await post(order)
    expect(newBytes).toBeGreaterThan(segments * segmentBytes)
    expect(balanceWei).toBe(feeWei * BigInt(newBytes))
    expect(await listKeptVideos(hostRecords)).toMatchObject([{ id, format: cmaf, root }])
    const before = await chain.reader.balanceWei(host.address)
    expect(await desk.withdraw()).toHaveLength(1)
    expect((await chain.reader.balanceWei(host.address)) - before).toBe(balanceWei)
    // What was paid once is not paid out again.
    expect(await desk.withdraw()).toEqual([])
  })

  it('pays nothing for what the host has', async () => {
    const order = await openChannel(1n)
    expect(await post(order)).toEqual({ newBytes: 0, balanceWei: 0n })
  })
})
