import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Wallet } from 'ethers'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { openPackBlocks } from '#adapters/blocks-pack.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { createMemoryFile, type PackFile } from '#adapters/pack-file.ts'
import { openNodeFile } from '#adapters/pack-file-node.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { openSqliteRecords, type SqliteRecords } from '#adapters/records-sqlite.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { type ChainReader, createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { type ChainWriter, createChainWriter } from '#chain/writer.ts'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import { importDirectory, type SourceFile } from '#media/import-directory.ts'
import { leafBytes } from '#media/limits.ts'
import type { MessageNode } from '#network/message-node.ts'
import { createMessageNode } from '#network/node.ts'
import { draftOrder } from '#payments/purchase.ts'
import { digestWallet, type Order, type OrderPayment, signNodeKey } from '#protocol/order.ts'
import { signCompact } from '#protocol/signature.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import { type Host, startHost } from '#roles/host/host.ts'
import { defaultHostConfig, type HostPorts } from '#roles/host/ports.ts'
import { identifyPublisher } from '#roles/publisher/identity.ts'
import { defaultPublisherConfig } from '#roles/publisher/ports.ts'
import { type Publisher, startPublisher } from '#roles/publisher/publisher.ts'
import { registerVideo } from '#roles/publisher/registration.ts'
import type { Quote, Viewer } from '#roles/viewer/api.ts'
import type { ViewerPorts } from '#roles/viewer/ports.ts'
import { createViewer } from '#roles/viewer/viewer.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, Hash } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { type Actor, actorOf, cmaf, noAffiliate, payoutOf } from './chain-fixture.ts'
import type { RoleOrders } from './role-process.ts'

export const priceWei = 2n * weiPerPti
export const feeWei = 1_000_000_000n
export const forever = new AbortController().signal

/** Nothing is settled unless a test says so, so that it can count. */
const onlyWhenTold = {
  batchCostWei: 0n,
  receiptCostWei: 0n,
  worthTimes: 1n,
  leastGainWei: 10n ** 30n,
  marginMs: 0,
  maxReceipts: 200,
}
const ports = { clock: clockSystem, random: randomSystem, crypto: cryptoNative }
const listen = ['/ip4/127.0.0.1/tcp/0/ws']

/** Where a node listened, so that it listens there again after a restart. */
const listenedAt = (node: MessageNode): string[] =>
  node.getMultiaddrs().map(address => address.toString().replace(/\/p2p\/.*$/, ''))

/** Pseudo-random bytes of a video that is not there to be watched: leaves of all kinds, and none alike. */
async function* contentOf(seed: number, byteCount: number) {
  const bytes = new Uint8Array(byteCount)
  let state = seed
  for (let at = 0; at < byteCount; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[at] = state >>> 24
  }
  yield bytes
}

/** A film of three segments, some 4 MB: more than the first credit. */
export const filmFiles = () => [
  { path: 'manifest.mpd', content: contentOf(1, 900) },
  { path: 'v720/init.mp4', content: contentOf(2, 800) },
  ...[1, 2, 3].map(n => ({ path: `v720/${n}.m4s`, content: contentOf(10 + n, 1_300_000) })),
  { path: 'a128/init.mp4', content: contentOf(3, 700) },
  ...[1, 2, 3].map(n => ({ path: `a128/${n}.m4s`, content: contentOf(20 + n, 70_000) })),
]

/** A longer one, some 11 MB: what several hosts share. */
export const longFilmFiles = () => [
  { path: 'manifest.mpd', content: contentOf(1, 900) },
  { path: 'v720/init.mp4', content: contentOf(2, 800) },
  ...[1, 2].map(n => ({ path: `v720/${n}.m4s`, content: contentOf(30 + n, 5_500_000) })),
]

/** A chain, a folder for everybody's stores, and what the tests build on it. */
export type Stage = {
  readonly chain: DevnetChain
  readonly reader: ChainReader
  readonly folder: string
  /** A writer for an account that has ether. */
  writerOf(actor: Actor): Promise<ChainWriter>
  balance(address: Address): Promise<bigint>
  /** Lets so many seconds of the chain pass. */
  warp(seconds: number): Promise<void>
  /** Closed with the stage, the newest first. */
  add(close: () => Promise<void>): void
  close(): Promise<void>
}

export const startStage = async (periodSeconds = 10): Promise<Stage> => {
  const chain = await startDevnetChain({ periodSeconds })
  const folder = await mkdtemp(join(tmpdir(), 'paratii-stage-'))
  const rpc = connectRpc(chain.rpcUrl)
  const reader = createChainReader(chain, rpc)
  const addresses = await reader.addresses()
  const closers: (() => Promise<void>)[] = [chain.stop, () => rm(folder, { recursive: true, force: true })]
  return {
    chain,
    reader,
    folder,
    async writerOf(actor) {
      await chain.faucet(actor.address, 0n, 10n ** 18n)
      const wallet = new Wallet(hexFromBytes(actor.secretKey))
      return createChainWriter(addresses, createSender(rpc, chain.chainId, wallet))
    },
    balance: address => reader.balanceWei(address),
    async warp(seconds) {
      await rpc.request('evm_increaseTime', [seconds])
      await rpc.request('evm_mine', [])
    },
    add: close => closers.push(close),
    async close() {
      for (const close of closers.toReversed()) await close().catch(() => {})
    },
  }
}

export type Notices = { readonly event: string; readonly details: Readonly<Record<string, unknown>> }[]

/** A publisher with its stores; `stop` and `start` again to see what it kept. */
export const openPublisher = async (
  stage: Stage,
  name = 'publisher',
  /** Stands between the publisher and the chain, until it is restarted. */
  twist: (writer: ChainWriter) => ChainWriter = writer => writer,
  /** Relays that its mail comes by, because nobody can dial it. */
  relays: readonly string[] = [],
) => {
  const actor = actorOf(name)
  const nodeKey = actorOf(`${name} node`).secretKey
  const blocks = await openFileBlocks(join(stage.folder, `${name}-blocks`))
  const identity = identifyPublisher(cryptoNative, actor.secretKey, nodeKey)
  const writer = await stage.writerOf(actor)
  const notices: Notices = []
  const path = join(stage.folder, `${name}.db`)
  let records: SqliteRecords | undefined
  let node: MessageNode | undefined
  let publisher: Publisher | undefined
  let at = { listen: relays.length > 0 ? [] : listen, port: 0, writer: twist(writer) }
  const opened = () => {
    records ??= openSqliteRecords(path)
    return records
  }
  /** Ends it as a kill would: no more word to anybody, no settling, only what is stored stays. */
  const kill = async () => {
    await node?.stop()
    records?.close()
    node = undefined
    publisher = undefined
    records = undefined
  }
  return {
    actor,
    identity,
    writer,
    blocks,
    notices,
    get role(): Publisher {
      if (publisher === undefined) throw new Error('the publisher is not started')
      return publisher
    },
    publish: async (
      files: readonly SourceFile[] = filmFiles(),
      terms: { readonly priceWei?: bigint; readonly feeWei?: bigint } = {},
    ): Promise<VideoDocument> => {
      const root = orThrow(await importDirectory(files, blocks))
      return registerVideo({ reader: stage.reader, writer, blocks, records: opened() }, identity, {
        root,
        format: cmaf,
        title: 'A film',
        durationSeconds: 12,
        chunkSeconds: 4,
        priceWei: terms.priceWei ?? priceWei,
        feeWeiPerByte: terms.feeWei ?? feeWei,
        ttlSeconds: 3600,
      })
    },
    async start() {
      node = await createMessageNode({ nodeKey, listen: at.listen })
      publisher = await startPublisher({
        ...ports,
        config: {
          ...defaultPublisherConfig,
          relays,
          chainId: stage.chain.chainId,
          settle: onlyWhenTold,
          tickMs: 500,
        },
        reader: stage.reader,
        writer: at.writer,
        node,
        records: opened(),
        blocks,
        walletKey: actor.secretKey,
        nodeKey,
        notice: (event, details) => notices.push({ event, details }),
      })
      at = { listen: listenedAt(node), port: Number(new URL(publisher.url).port), writer }
      stage.add(kill)
    },
    async stop() {
      await publisher?.stop()
      await kill()
    },
    kill,
  }
}
export type StagedPublisher = Awaited<ReturnType<typeof openPublisher>>

export type HostTwist = {
  /** Stands between the host and its blocks. */
  readonly blocks?: (blocks: HostPorts['blocks']) => HostPorts['blocks']
  /** Without HTTP, or with an address of it that leads nowhere. */
  readonly http?: 'none' | 'closed'
  readonly relays?: readonly string[]
  /** Stands between the host and the chain. */
  readonly writer?: (writer: ChainWriter) => ChainWriter
}

/** A host with its stores. */
export const openHost = async (
  stage: Stage,
  publisher: StagedPublisher,
  name = 'host',
  twist: HostTwist = {},
) => {
  const actor = actorOf(name)
  const nodeKey = actorOf(`${name} node`)
  const writer = await stage.writerOf(actor)
  const notices: Notices = []
  const stored = await openFileBlocks(join(stage.folder, `${name}-blocks`))
  let records: SqliteRecords | undefined
  let node: MessageNode | undefined
  let host: Host | undefined
  let at = { listen, port: 0 }
  const kill = async () => {
    await node?.stop()
    records?.close()
    node = undefined
    host = undefined
    records = undefined
  }
  return {
    actor,
    payout: payoutOf(actor.address),
    node: nodeKey,
    notices,
    get role(): Host {
      if (host === undefined) throw new Error('the host is not started')
      return host
    },
    async start() {
      records = openSqliteRecords(join(stage.folder, `${name}.db`))
      node = await createMessageNode({ nodeKey: nodeKey.secretKey, listen: at.listen })
      host = await startHost({
        ...ports,
        config: {
          ...defaultHostConfig,
          relays: twist.relays ?? [],
          chainId: stage.chain.chainId,
          payout: payoutOf(actor.address),
          publishers: [publisher.actor.address],
          settle: onlyWhenTold,
          dataPlane:
            twist.http === 'none'
              ? undefined
              : {
                  host: '127.0.0.1',
                  port: at.port,
                  ...(twist.http === 'closed' ? { publicUrl: 'http://127.0.0.1:1' } : {}),
                },
          tickMs: 60_000,
        },
        reader: stage.reader,
        writer: twist.writer?.(writer) ?? writer,
        node,
        records,
        blocks: twist.blocks?.(stored) ?? stored,
        nodeKey: nodeKey.secretKey,
        notice: (event, details) => notices.push({ event, details }),
      })
      at = { listen: listenedAt(node), port: host.url === undefined ? 0 : Number(new URL(host.url).port) }
      stage.add(kill)
    },
    async stop() {
      await host?.stop()
      await kill()
    },
    kill,
  }
}
export type StagedHost = Awaited<ReturnType<typeof openHost>>

/** Resolves when a host keeps so many videos. */
export const untilKept = async (host: StagedHost, videos = 1): Promise<void> => {
  for (;;) {
    if ((await host.role.status()).videos >= videos) return
    await clockSystem.sleep(20)
  }
}

/** What a viewer keeps: receipts, and packs of blocks. */
export type ViewerHome = Pick<ViewerPorts, 'records' | 'blocks' | 'leaves'>

const openPacks = (blocks: PackFile, leaves: PackFile) => ({
  blocks: openPackBlocks(blocks, { slotBytes: 4096, quotaBytes: 1 << 24 }),
  leaves: openPackBlocks(leaves, { slotBytes: leafBytes, quotaBytes: 1 << 28 }),
})

const openMemoryHome = (): ViewerHome => ({
  records: createMemoryRecords(),
  ...openPacks(createMemoryFile(), createMemoryFile()),
})

/** A viewer's home on disk, as it was left. */
export const openDiskHome = (folder: string, name: string): ViewerHome => {
  const pathOf = (file: string) => join(folder, `${name}${file}`)
  return {
    records: openSqliteRecords(pathOf('.db')),
    ...openPacks(openNodeFile(pathOf('-nodes.pack')), openNodeFile(pathOf('-leaves.pack'))),
  }
}

/** A viewer in Node, built as in a browser: noble, packs of blocks, a node that only dials. */
export const openViewer = async (
  stage: Stage,
  name = 'viewer',
  home = openMemoryHome(),
  relays: readonly string[] = [],
) => {
  const actor = actorOf(name)
  const node = await createMessageNode()
  const role: Viewer = await createViewer({
    ...ports,
    crypto: cryptoNoble,
    chainId: stage.chain.chainId,
    reader: stage.reader,
    node,
    relays,
    ...home,
  })
  const stop = async () => {
    await role.shutdown()
    await node.stop()
  }
  stage.add(stop)
  return { actor, role, node, home, stop }
}
export type StagedViewer = Awaited<ReturnType<typeof openViewer>>

/** An order as a wallet signs it, and the purchase's node key. */
export const signOrder = (
  viewer: Pick<StagedViewer, 'actor'>,
  quote: Quote,
  payment: OrderPayment = 'authorization',
): { readonly order: Order; readonly nodeKey: Uint8Array } => {
  const nodeKey = randomSystem.bytes(32)
  const draft = orThrow(
    draftOrder(cryptoNoble, {
      terms: quote.terms,
      hosts: quote.hosts,
      capacity: quote.capacity,
      buyer: viewer.actor.address,
      salt: hexFromBytes(randomSystem.bytes(32)) as Hash,
      relayFee: 0n,
      validUntil: Math.floor(Date.now() / 1000) + 600,
      affiliate: noAffiliate,
      chainId: quote.chainId,
      store: quote.store,
      payment,
    }),
  )
  const nodeSignature = signNodeKey(cryptoNoble, draft, nodeKey)
  const wallet = signCompact(
    cryptoNoble,
    digestWallet(draft, nodeSignature, quote.token),
    viewer.actor.secretKey,
  )
  return { order: { ...draft, IPFS_signature: nodeSignature, wallet_signature: wallet }, nodeKey }
}

/** All bytes of a part of a file. */
export const readAll = async (
  viewer: StagedViewer,
  ...args: Parameters<Viewer['read']>
): Promise<Uint8Array> => {
  const { body } = await viewer.role.read(...args)
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** A publisher with a video, hosts that keep it, and a viewer with 10 PTI and no ether. */
export const openTheatre = async (
  stage: Stage,
  hostTwists: readonly HostTwist[] = [{}],
  files = filmFiles(),
) => {
  const publisher = await openPublisher(stage)
  const video = await publisher.publish(files)
  await publisher.start()
  const hosts: StagedHost[] = []
  for (const [at, twist] of hostTwists.entries()) {
    const host = await openHost(stage, publisher, `host ${at}`, twist)
    await host.start()
    await untilKept(host)
    hosts.push(host)
  }
  const viewer = await openViewer(stage)
  await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
  return { publisher, video, hosts, viewer }
}

/** Resolves when a quote for a video names so many hosts. */
export const untilListed = async (
  viewer: Pick<StagedViewer, 'role'>,
  video: VideoDocument,
  hosts: number,
): Promise<void> => {
  for (;;) {
    const quote = await viewer.role.quote(video.id, cmaf, forever).catch(() => undefined)
    if ((quote?.hosts.length ?? 0) >= hosts) return
    await clockSystem.sleep(50)
  }
}

/** Buys a video as a viewer with an authorization. */
export const buy = async (viewer: StagedViewer, video: VideoDocument) => {
  const quote = await viewer.role.quote(video.id, cmaf, forever)
  const { order, nodeKey } = signOrder(viewer, quote)
  const nonce = await viewer.role.buy(quote, order, nodeKey, forever)
  return { quote, order, nodeKey, nonce }
}

/** All bytes of a file of the film, as published. */
export const filmBytes = async (path: string, files = filmFiles()): Promise<Buffer> => {
  const file = files.find(candidate => candidate.path === path)
  const pieces: Uint8Array[] = []
  if (file !== undefined) for await (const piece of file.content) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** A role in a process of its own: killed by `kill`, ended as a daemon is by `end`, started again where it listened. */
export const openProcess = (
  stage: Stage,
  role: RoleOrders['role'],
  name: string,
  publishers: readonly Address[] = [],
) => {
  let child: ChildProcess | undefined
  let ports: RoleOrders['ports'] = [0, 0]
  const signal = async (name: 'SIGKILL' | 'SIGTERM') => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(name)
    await exited
  }
  stage.add(() => signal('SIGKILL'))
  return {
    async start(): Promise<void> {
      const { chainId, rpcUrl, registry } = stage.chain
      const orders: RoleOrders = {
        role,
        name,
        folder: stage.folder,
        chain: { chainId, rpcUrl, registry },
        publishers,
        ports,
      }
      const script = new URL('./role-process.ts', import.meta.url).pathname
      child = spawn(process.execPath, [script, JSON.stringify(orders)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      if (child.stdout === null) throw new Error('no output')
      const [line] = await once(createInterface(child.stdout), 'line')
      const addresses: unknown = JSON.parse(String(line))
      if (!Array.isArray(addresses)) throw new Error('no addresses')
      const portOf = (kind: RegExp) => Number(kind.exec(addresses.join(' '))?.[1])
      ports = [portOf(/tcp\/(\d+)\/ws/), portOf(/tcp\/(\d+)\/http/)]
    },
    kill: () => signal('SIGKILL'),
    end: () => signal('SIGTERM'),
  }
}
