import { afterEach, beforeEach, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { messageAddresses } from '#network/address.ts'
import { MailRelay } from '#network/mail-relay.ts'
import { createRelayNode } from '#network/node.ts'
import { PeerScores } from '#network/peer-scores.ts'
import { weiPerPti } from '#std/amount.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { actorOf } from './chain-fixture.ts'
import {
  buy,
  filmFiles,
  forever,
  type HostTwist,
  openHost,
  openPublisher,
  openViewer,
  readAll,
  type Stage,
  type StagedViewer,
  startStage,
  untilKept,
} from './stage.ts'

let stage: Stage
beforeEach(async () => {
  stage = await startStage()
})
afterEach(() => stage.close())

/** Two relays that know each other. */
const openRelays = async (): Promise<readonly string[]> => {
  const addresses: string[] = []
  for (const name of ['relay one', 'relay two']) {
    const scores = new PeerScores(clockSystem)
    const nodeKey = actorOf(name).secretKey
    const node = await createRelayNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, scores)
    const ports = { node, nodeKey, crypto: cryptoNative, clock: clockSystem, scores }
    const relay = await MailRelay.start({ ...ports, records: createMemoryRecords() }, { relays: addresses })
    stage.add(async () => {
      await relay.stop()
      await node.stop()
    })
    addresses.push(String(node.getMultiaddrs()[0]))
  }
  return addresses
}

/** A publisher that nobody can dial; everybody else knows one of the relays. */
const openTheatre = async (twist: HostTwist = {}) => {
  const relays = await openRelays()
  const publisher = await openPublisher(stage, 'publisher', undefined, relays)
  const video = await publisher.publish(filmFiles())
  await publisher.start()
  const host = await openHost(stage, publisher, 'host', { ...twist, relays: relays.slice(0, 1) })
  await host.start()
  await untilKept(host)
  const viewer = await openViewer(stage, 'viewer', undefined, relays.slice(1))
  await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
  return { publisher, video, host, viewer }
}

const watch = async (viewer: StagedViewer, nonce: PurchaseNonce): Promise<number> => {
  for (const { path } of filmFiles()) await readAll(viewer, nonce, path, undefined, forever)
  await viewer.role.flush(nonce)
  return viewer.role.meter(nonce).verifiedBytes
}

it('brings an order, a close, offers and receipts to a publisher that nobody can dial, and its answers back', async () => {
  const { publisher, video, host, viewer } = await openTheatre()
  expect(messageAddresses(publisher.role.addresses())).toEqual([])
  const { nonce } = await buy(viewer, video)
  const bytes = await watch(viewer, nonce)
  // The host settles nothing: what is paid came to the publisher by mail.
  await expect
    .poll(
      async () => {
        await publisher.role.settle(true)
        return stage.reader.paidBytes(nonce, 0)
      },
      { timeout: 30_000 },
    )
    .toBe(bytes)
  await viewer.role.stop(nonce, forever)
  await expect.poll(async () => (await stage.reader.purchase(nonce))?.closing, { timeout: 30_000 }).toBe(true)
  expect(host.notices.map(({ event }) => event)).not.toContain('receipt-refused')
})

it('keeps receipts for a publisher that is away, whose host is gone when it comes back', async () => {
  const poor: HostTwist = {
    writer: writer => ({ ...writer, settle: () => Promise.reject(new ParatiiError('ether-too-low')) }),
  }
  const { publisher, video, host, viewer } = await openTheatre(poor)
  const { nonce } = await buy(viewer, video)
  await publisher.stop()
  const bytes = await watch(viewer, nonce)
  await host.stop()
  expect(await stage.reader.paidBytes(nonce, 0)).toBe(0)
  await publisher.start()
  await expect
    .poll(
      async () => {
        await publisher.role.settle(true)
        return stage.reader.paidBytes(nonce, 0)
      },
      { timeout: 30_000 },
    )
    .toBe(bytes)
})
