import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectRpc } from '#chain/http-rpc.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { cmaf } from './chain-fixture.ts'
import {
  buy,
  forever,
  openHost,
  openPublisher,
  openViewer,
  type Stage,
  signOrder,
  startStage,
  untilKept,
} from './stage.ts'

describe('a transaction on its way', () => {
  let stage: Stage
  let rpc: JsonRpc
  beforeEach(async () => {
    stage = await startStage()
    rpc = connectRpc(stage.chain.rpcUrl)
  })
  afterEach(() => stage.close())

  const sentBy = async (account: Address, block: 'latest' | 'pending') =>
    Number(await rpc.request('eth_getTransactionCount', [account, block]))
  const holdBlocks = () => rpc.request('evm_setAutomine', [false])
  const mine = () => rpc.request('evm_mine', [])

  it('that registers a video is found again by a publication that was killed, and not sent twice', async () => {
    const publisher = await openPublisher(stage)
    const { address } = publisher.actor
    const before = await sentBy(address, 'latest')
    await holdBlocks()
    const first = publisher.publish()
    await expect.poll(() => sentBy(address, 'pending')).toBe(before + 1)
    const again = publisher.publish()
    await expect
      .poll(async () => {
        await mine()
        return await sentBy(address, 'latest')
      })
      .toBe(before + 1)
    expect((await again).id).toBe((await first).id)
    expect(await sentBy(address, 'pending')).toBe(before + 1)
    expect((await publisher.publish()).id).toBe((await first).id)
    expect(await sentBy(address, 'pending')).toBe(before + 1)
  })

  it('that opens a purchase is found again by a publisher that was killed, and not sent twice', async () => {
    let isSent = false
    const publisher = await openPublisher(stage, 'publisher', writer => ({
      ...writer,
      async submitOrder(order, signal, note) {
        isSent = true
        await writer.submitOrder(order, signal, note).catch(() => {})
        return new Promise(() => {})
      },
    }))
    const video = await publisher.publish()
    await publisher.start()
    const host = await openHost(stage, publisher)
    await host.start()
    await untilKept(host)
    const viewer = await openViewer(stage)
    await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
    const quote = await viewer.role.quote(video.id, cmaf, forever)
    const { order, nodeKey } = signOrder(viewer, quote)

    const { address } = publisher.actor
    const before = await sentBy(address, 'latest')
    await holdBlocks()
    const buying = viewer.role.buy(quote, order, nodeKey, forever)
    await expect.poll(() => sentBy(address, 'pending')).toBe(before + 1)
    expect(isSent).toBe(true)
    await publisher.kill()
    const starting = publisher.start()
    // It serves at another address now, and says so on the chain: one transaction more.
    await expect.poll(() => sentBy(address, 'pending')).toBe(before + 2)
    await mine()
    await starting
    const nonce = await buying
    expect(await stage.reader.purchase(nonce)).toBeDefined()
    await expect.poll(async () => (await publisher.role.status()).open).toBe(1)
    expect(await sentBy(address, 'pending')).toBe(before + 2)
  })
})

describe('what a publisher keeps of orders', () => {
  it('is nothing once all is paid out and the order could not be submitted again', async () => {
    const stage = await startStage()
    try {
      const publisher = await openPublisher(stage)
      const video = await publisher.publish()
      await publisher.start()
      const host = await openHost(stage, publisher)
      await host.start()
      await untilKept(host)
      const viewer = await openViewer(stage)
      await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
      const { nonce } = await buy(viewer, video)
      const orders = () => {
        const database = new DatabaseSync(join(stage.folder, 'publisher.db'), { readOnly: true })
        const rows = database.prepare("SELECT key FROM records WHERE name = 'publisher-orders'").all()
        database.close()
        return rows.map(({ key }) => key)
      }
      expect(orders()).toEqual([nonce])
      await stage.warp(4000)
      await expect.poll(orders).toEqual([])
      expect(await stage.reader.purchase(nonce)).toMatchObject({ reclaimed: true })
      expect(await stage.balance(viewer.actor.address)).toBe(10n * weiPerPti)
    } finally {
      await stage.close()
    }
  })
})
