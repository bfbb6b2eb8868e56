import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import { unknownViewer } from '#market/viewer-profile.ts'
import { importDirectory } from '#media/import-directory.ts'
import { createMessageNode } from '#network/node.ts'
import { openWatch } from '#network/watch-link.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import { signWatcherInit } from '#protocol/watch.ts'
import { identifyPublisher } from '#roles/publisher/identity.ts'
import { defaultPublisherConfig } from '#roles/publisher/ports.ts'
import { type Publisher, startPublisher } from '#roles/publisher/publisher.ts'
import { registerVideo } from '#roles/publisher/registration.ts'
import { findAddresses } from '#roles/viewer/asking.ts'
import { bidForVideo, openPaidChannel, payerOfKey } from '#roles/viewer/bidding.ts'
import { closeAlone, openPaidViewing, stopPaying } from '#roles/viewer/paying.ts'
import { sendVote, voterOfKey } from '#roles/viewer/voting.ts'
import { weiPerPti } from '#std/amount.ts'
import { orThrow } from '#std/error.ts'
import { actorOf, cmaf } from './chain-fixture.ts'
import { chunkSeconds, chunks, marketOf, openEarner, shortFilm } from './market-stage.ts'
import { forever, type Stage, startStage } from './stage.ts'

const floorWei = 10n ** 15n
const nodeKeyOf = (name: string) => actorOf(`${name} node`).secretKey
const depositWei = floorWei * BigInt(chunks * chunkSeconds)

let stage: Stage
let video: VideoDocument
let owner: ReturnType<typeof actorOf>
let role: Publisher
let stopPublisher: () => Promise<void>

/** A publisher that sells by the second; started again it listens elsewhere and says so on the chain. */
const openSeller = async () => {
  const { actor, writer, market, marketWriter } = await marketOf(stage, 'seller')
  const nodeKey = nodeKeyOf('seller')
  const records = openSqliteRecords(join(stage.folder, 'seller.db'))
  const blocks = await openFileBlocks(join(stage.folder, 'seller-blocks'))
  const node = await createMessageNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  const identity = identifyPublisher(cryptoNative, actor.secretKey, nodeKey)
  const root = orThrow(await importDirectory(shortFilm(90), blocks))
  const document = await registerVideo({ reader: stage.reader, writer, blocks, records }, identity, {
    root,
    format: cmaf,
    title: 'A film by the second',
    durationSeconds: chunks * chunkSeconds,
    chunkSeconds,
    priceWei: weiPerPti,
    feeWeiPerByte: 0n,
    ttlSeconds: 3600,
  })
  role = await startPublisher({
    config: { ...defaultPublisherConfig, chainId: stage.chain.chainId, tickMs: 60_000 },
    reader: stage.reader,
    writer,
    node,
    records,
    blocks,
    clock: clockSystem,
    random: randomSystem,
    crypto: cryptoNative,
    walletKey: actor.secretKey,
    nodeKey,
    notice: () => {},
    seconds: {
      market,
      marketWriter,
      pricing: { floorWei, rule: 'flat', counters: 1, records: [] },
      profileOf: async () => unknownViewer,
      idleMs: 600_000,
    },
  })
  const started = role
  const stop = async () => {
    await started.stop()
    await node.stop()
    records.close()
  }
  return { actor, document, stop }
}

beforeAll(async () => {
  stage = await startStage(20)
  const seller = await openSeller()
  owner = seller.actor
  video = seller.document
  stopPublisher = seller.stop
})

afterAll(async () => {
  await stopPublisher?.()
  await stage?.close()
})

const buyerWith = async (name: string, amountWei: bigint) => {
  const { actor, ports } = await openEarner(stage, name)
  await stage.chain.faucet(actor.address, amountWei)
  const signer = payerOfKey(ports.crypto, actor.secretKey)
  const nodeKey = nodeKeyOf(name)
  const bid = (bidWei: bigint) =>
    bidForVideo(ports, { id: video.id, format: cmaf, bidWei }, nodeKey, signer, forever)
  const open = async () => {
    const answer = await bid(2n * floorWei)
    if (!('channel' in answer)) throw new Error('not accepted')
    await openPaidChannel(ports, answer, nodeKey, signer, forever)
    return answer.channel
  }
  return { actor, ports, nodeKey, signer, bid, open }
}

describe('a film by the second', () => {
  it('is bid for, countered once, and refused to who stays below', async () => {
    const { bid } = await buyerWith('low bidder', 0n)
    expect(await bid(floorWei - 1n)).toEqual({ counterWei: floorWei, left: 0 })
    await expect(bid(floorWei - 1n)).rejects.toMatchObject({ code: 'bid-too-low' })
    expect(await bid(floorWei)).toMatchObject({ acceptance: { rate: floorWei } })
  })

  it('is watched, paused, left, gone on with, and stopped: the seconds watched are paid, the rest is back', async () => {
    const before = await stage.balance(owner.address)
    const { actor, ports, nodeKey, open } = await buyerWith('watcher', weiPerPti)
    const channel = await open()
    expect(await stage.balance(actor.address)).toBe(weiPerPti - depositWei)
    const viewing = await openPaidViewing(ports, channel, nodeKey, forever)
    const leaves = await viewing.chunk(0, forever)
    expect(leaves.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(300_000 + 300 + 200)
    await viewing.leave()

    const again = await openPaidViewing(ports, channel, nodeKey, forever)
    // A seek forward; and back to what was had, for nothing.
    await again.chunk(2, forever)
    await again.chunk(0, forever)
    expect(again.owedWei()).toBe(2n * floorWei)
    await again.leave()
    await stopPaying(ports, channel, nodeKey, forever)
    expect(await stage.balance(actor.address)).toBe(weiPerPti - 2n * floorWei)
    expect(await stage.balance(owner.address)).toBe(before + 2n * floorWei)
    await expect(openPaidViewing(ports, channel, nodeKey, forever)).rejects.toMatchObject({
      code: 'channel-unknown',
    })
  })

  it('costs nothing when it is stopped before its first chunk', async () => {
    const { actor, ports, nodeKey, open } = await buyerWith('one who thought again', weiPerPti)
    await stopPaying(ports, await open(), nodeKey, forever)
    expect(await stage.balance(actor.address)).toBe(weiPerPti)
  })

  it('goes on after the publisher was started again, from the newest proof', async () => {
    const { actor, ports, nodeKey, open } = await buyerWith('patient watcher', weiPerPti)
    const channel = await open()
    const viewing = await openPaidViewing(ports, channel, nodeKey, forever)
    await viewing.chunk(0, forever)
    await viewing.chunk(1, forever)
    await viewing.leave()
    await stopPublisher()
    stopPublisher = (await openSeller()).stop
    const again = await openPaidViewing(ports, channel, nodeKey, forever)
    await again.chunk(2, forever)
    await again.leave()
    await stopPaying(ports, channel, nodeKey, forever)
    expect(await stage.balance(actor.address)).toBe(weiPerPti - depositWei)
  })

  it('loses nothing to a publisher that accepts and does not serve: anybody ends it for the viewer', async () => {
    const { actor, ports, nodeKey, open } = await buyerWith('one who is not served', weiPerPti)
    const channel = await open()
    const viewing = await openPaidViewing(ports, channel, nodeKey, forever)
    await viewing.chunk(0, forever)
    await viewing.leave()
    await stopPublisher()
    await expect(openPaidViewing(ports, channel, nodeKey, forever)).rejects.toMatchObject({
      code: 'peer-unreachable',
    })
    const { route, balance, signature } = await closeAlone(ports, channel, nodeKey, forever)
    const { marketWriter } = await marketOf(stage, 'a passer-by')
    await marketWriter.requestChannelClose(route, balance, signature)
    await stage.warp(21)
    await marketWriter.settleChannel(route)
    // The one chunk that was served is conceded; all the rest is back.
    expect(await stage.balance(actor.address)).toBe(weiPerPti - floorWei)
    stopPublisher = (await openSeller()).stop
  })

  it('sends one chunk, and no other, to a viewer that does not pay', async () => {
    const { ports, nodeKey, open } = await buyerWith('one who does not pay', weiPerPti)
    const channel = await open()
    const link = await openWatch(ports.node, {
      addresses: await findAddresses(ports, owner.address, forever),
      source: video.node,
      introduce: greeting => signWatcherInit(ports.crypto, greeting, { escrow: channel, leaf: 0 }, nodeKey),
      signal: forever,
    })
    const want = (chunk: number) => link.want({ chunk, payment: null, answer: null }, forever)
    expect((await want(0))?.bytes.length).toBe(300_500)
    await expect(want(1)).rejects.toMatchObject({ code: 'payment-short' })
    await link.close()
  })

  it('is voted for without ether; a vote is changed and withdrawn, and only the last one counts', async () => {
    const { actor, ports } = await openEarner(stage, 'voter')
    const voter = voterOfKey(ports.crypto, actor.address, actor.secretKey)
    await sendVote(ports, video.id, 'up', voter, forever)
    await role.tick(forever)
    expect(await ports.market.votesOf(video.id)).toEqual({ up: 1, down: 0 })
    await sendVote(ports, video.id, 'none', voter, forever)
    await sendVote(ports, video.id, 'down', voter, forever)
    await role.tick(forever)
    expect(await ports.market.votesOf(video.id)).toEqual({ up: 0, down: 1 })
    await sendVote(ports, video.id, 'none', voter, forever)
    await role.tick(forever)
    expect(await ports.market.votesOf(video.id)).toEqual({ up: 0, down: 0 })
  })

  it('is not opened by who cannot pay for it', async () => {
    const { open } = await buyerWith('poor bidder', depositWei - 1n)
    await expect(open()).rejects.toMatchObject({ code: 'balance-too-low' })
  })
})
