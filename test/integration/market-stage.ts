import { join } from 'node:path'
import { Wallet } from 'ethers'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { openSqliteRecords, type SqliteRecords } from '#adapters/records-sqlite.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createMarketReader } from '#chain/market-reader.ts'
import { createMarketWriter } from '#chain/market-writer.ts'
import { createSender } from '#chain/sender.ts'
import type { BiddingPolicy } from '#market/bidding.ts'
import { anyRecord, unknownViewer } from '#market/viewer-profile.ts'
import { importDirectory, type SourceFile } from '#media/import-directory.ts'
import { Mailbox } from '#network/mailbox.ts'
import type { MessageNode } from '#network/message-node.ts'
import { createMessageNode } from '#network/node.ts'
import type { Ask } from '#protocol/ask.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import { type Advertiser, startAdvertiser } from '#roles/advertiser/advertiser.ts'
import { type CampaignWish, openCampaign } from '#roles/advertiser/opening.ts'
import { type AdvertiserPorts, defaultAdvertiserConfig } from '#roles/advertiser/ports.ts'
import { identifyPublisher } from '#roles/publisher/identity.ts'
import { registerVideo } from '#roles/publisher/registration.ts'
import type { EarnerPorts } from '#roles/viewer/asking.ts'
import { weiPerPti } from '#std/amount.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { actorOf, cmaf, noAffiliate } from './chain-fixture.ts'
import type { Notices, Stage } from './stage.ts'

export const chunkSeconds = 1
export const chunks = 3

async function* contentOf(fill: number, bytes: number) {
  yield new Uint8Array(bytes).fill(fill)
}

/** A film of three chunks of a second; each name gives another. */
export const shortFilm = (fill: number): readonly SourceFile[] => [
  { path: 'manifest.mpd', content: contentOf(fill, 300) },
  { path: 'v360/init.mp4', content: contentOf(fill + 1, 200) },
  ...[1, 2, 3].map(n => ({ path: `v360/${n}.m4s`, content: contentOf(fill + 1 + n, 300_000) })),
]

export const flatPolicy = (maxRateWei: bigint): BiddingPolicy => ({
  maxRateWei,
  rule: 'flat',
  valueWei: maxRateWei,
  isPaced: false,
  wanted: anyRecord,
  critic: 100,
})

/** What reading and writing of the market an actor has. */
export const marketOf = async (stage: Stage, name: string) => {
  const actor = actorOf(name)
  const rpc = connectRpc(stage.chain.rpcUrl)
  const addresses = await stage.reader.addresses()
  const writer = await stage.writerOf(actor)
  const sender = createSender(rpc, stage.chain.chainId, new Wallet(hexFromBytes(actor.secretKey)))
  return {
    actor,
    writer,
    market: createMarketReader(addresses, rpc),
    marketWriter: createMarketWriter(addresses, sender),
  }
}

/** An advertiser with its stores and one film; `stop` and `start` again to see what it kept. */
export const openAdvertiser = async (
  stage: Stage,
  name: string,
  twist: (ports: AdvertiserPorts) => AdvertiserPorts = ports => ports,
) => {
  const { actor, market, marketWriter, writer } = await marketOf(stage, name)
  const nodeKey = actorOf(`${name} node`).secretKey
  const blocks = await openFileBlocks(join(stage.folder, `${name}-blocks`))
  const notices: Notices = []
  let records: SqliteRecords | undefined
  let node: MessageNode | undefined
  let role: Advertiser | undefined
  const opened = () => {
    records ??= openSqliteRecords(join(stage.folder, `${name}.db`))
    return records
  }
  const shared = () => ({
    config: { ...defaultAdvertiserConfig, chainId: stage.chain.chainId, batchMs: 50, tickMs: 60_000 },
    reader: stage.reader,
    market,
    marketWriter,
    records: opened(),
    blocks,
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNative,
    walletKey: actor.secretKey,
    nodeKey,
    notice: (event: string, details: Readonly<Record<string, unknown>>) => notices.push({ event, details }),
  })
  /** Ends it as a kill would: only what is stored stays. */
  const kill = async () => {
    await node?.stop()
    records?.close()
    node = undefined
    role = undefined
    records = undefined
  }
  return {
    actor,
    market,
    marketWriter,
    notices,
    ports: shared,
    get role(): Advertiser {
      if (role === undefined) throw new Error('the advertiser is not started')
      return role
    },
    async publish(fill: number): Promise<VideoDocument> {
      const identity = identifyPublisher(cryptoNative, actor.secretKey, nodeKey)
      const root = orThrow(await importDirectory(shortFilm(fill), blocks))
      return registerVideo({ reader: stage.reader, writer, blocks, records: opened() }, identity, {
        root,
        format: cmaf,
        title: `An advertisement of ${name}`,
        durationSeconds: chunks * chunkSeconds,
        chunkSeconds,
        priceWei: 0n,
        feeWeiPerByte: 0n,
        ttlSeconds: 3600,
      })
    },
    async campaign(video: VideoDocument, wish: Partial<CampaignWish> & Pick<CampaignWish, 'policy'>) {
      await stage.chain.faucet(actor.address, weiPerPti)
      return openCampaign(shared(), {
        deposit: 1000,
        maxPerViewer: 1000,
        depth: 3,
        affiliate: noAffiliate,
        affiliateBps: 0,
        presence: { visible: 90, challenge: 0 },
        topics: [],
        languages: [],
        video: video.id,
        format: cmaf,
        durationSeconds: 600,
        ...wish,
      })
    },
    async start() {
      node = await createMessageNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
      role = await startAdvertiser(twist({ ...shared(), writer, node, profileOf: async () => unknownViewer }))
      stage.add(kill)
    },
    async stop() {
      await role?.stop()
      await kill()
    },
    kill,
  }
}
export type StagedAdvertiser = Awaited<ReturnType<typeof openAdvertiser>>

/** A viewer in Node that wants to be paid; its wallet is empty. */
export const openEarner = async (stage: Stage, name: string) => {
  const actor = actorOf(name)
  const records = createMemoryRecords()
  const node = await createMessageNode()
  const base = {
    chainId: stage.chain.chainId,
    reader: stage.reader,
    market: (await marketOf(stage, `${name} reads`)).market,
    node,
    records,
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNoble,
  }
  const ports: EarnerPorts = { ...base, mailbox: await Mailbox.start(base) }
  stage.add(async () => {
    await ports.mailbox.stop()
    await node.stop()
  })
  return { actor, ports }
}

export const ask: Ask = {
  minimum: 1n,
  languages: ['en'],
  topics: [],
  formats: [cmaf],
  longest: 60,
  account: null,
}
