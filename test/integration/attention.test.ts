import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { rankBids } from '#market/auction.ts'
import { campaignUnitWei } from '#protocol/campaign.ts'
import { stopCampaign } from '#roles/advertiser/campaign-records.ts'
import { readCampaignStats } from '#roles/advertiser/settling.ts'
import { type EarnerPorts, findBidders, gatherBids, type HeardBid } from '#roles/viewer/asking.ts'
import { acceptBid, type PaidChunk, signerOfKey, watchForPay } from '#roles/viewer/earning.ts'
import { claimOfEarning, listEarnings } from '#roles/viewer/earning-records.ts'
import type { Actor } from './chain-fixture.ts'
import {
  ask,
  chunkSeconds,
  chunks,
  flatPolicy,
  openAdvertiser,
  openEarner,
  type StagedAdvertiser,
} from './market-stage.ts'
import { forever, type Stage, startStage } from './stage.ts'

const rateOf = (units: number) => BigInt(units) * campaignUnitWei
const viewingOf = (units: number) => rateOf(units) * BigInt(chunks * chunkSeconds)

let stage: Stage
let rich: StagedAdvertiser
let modest: StagedAdvertiser

beforeAll(async () => {
  stage = await startStage(20)
  rich = await openAdvertiser(stage, 'rich advertiser')
  modest = await openAdvertiser(stage, 'modest advertiser')
  // Room for one viewing at the higher rate, and for many at the lower one.
  await rich.campaign(await rich.publish(10), { policy: flatPolicy(rateOf(100)), deposit: 399 })
  await modest.campaign(await modest.publish(50), { policy: flatPolicy(rateOf(40)) })
  await rich.start()
  await modest.start()
})

afterAll(() => stage?.close())

/** As a player does: takes each chunk's time, and was looked at. */
const playFor = (seen: PaidChunk[]) => async (chunk: PaidChunk) => {
  seen.push(chunk)
  await clockSystem.sleep(1000 * chunkSeconds)
  return { visibleMs: 1000 * chunkSeconds, code: chunk.code }
}

const bidsFor = async (ports: EarnerPorts, viewerKey: Uint8Array): Promise<readonly HeardBid[]> => {
  const bidders = await findBidders(ports, forever)
  const heard = await gatherBids(ports, ask, { viewerKey, signingKey: viewerKey }, bidders, 700, forever)
  const ranked = rankBids(heard, ask.minimum, Date.now())
  return ranked.flatMap(({ hash }) => heard.filter(bid => bid.hash === hash))
}

const earnOnce = async (ports: EarnerPorts, actor: Actor, seen: PaidChunk[]) => {
  const viewerKey = randomSystem.bytes(32)
  const [best] = await bidsFor(ports, viewerKey)
  if (best === undefined) throw new Error('no bid')
  const earning = await acceptBid(ports, best, viewerKey, signerOfKey(ports.crypto, actor.secretKey), forever)
  return watchForPay(ports, earning, playFor(seen), forever)
}

describe('a viewer with nothing', () => {
  it('earns from the higher of two campaigns, then from the lower, paid on the chain to the last unit', async () => {
    const { actor, ports } = await openEarner(stage, 'earner')
    const seen: PaidChunk[] = []
    const first = await earnOnce(ports, actor, seen)
    expect(first.advertiser).toBe(rich.actor.address)
    expect(first.watcher.promisedWei).toBe(viewingOf(100))
    expect(seen.map(({ chunk }) => chunk)).toEqual([0, 1, 2])
    const second = await earnOnce(ports, actor, seen)
    expect(second.advertiser).toBe(modest.actor.address)
    expect(await stage.balance(actor.address)).toBe(0n)

    await rich.role.settle(true)
    expect(await stage.balance(actor.address)).toBe(viewingOf(100))
    // The other one by anybody, with what the viewer holds.
    const held = (await listEarnings(ports.records)).find(({ campaign }) => campaign === second.campaign)
    const claim = held && claimOfEarning(held)
    if (claim === undefined) throw new Error('no claim')
    await rich.marketWriter.settleCampaign(second.campaign, [claim])
    expect(await stage.balance(actor.address)).toBe(viewingOf(100) + viewingOf(40))
    expect(await readCampaignStats(rich.ports())).toMatchObject([
      { state: 'open', viewings: 1, finished: 1, lostWei: 0n, paidWei: viewingOf(100), won: 1 },
    ])
  })

  it('is paid for what it watched when it leaves, and goes on where it was', async () => {
    const { actor, ports } = await openEarner(stage, 'earner who leaves')
    const viewerKey = randomSystem.bytes(32)
    const [best] = await bidsFor(ports, viewerKey)
    if (best === undefined) throw new Error('no bid')
    const signer = signerOfKey(ports.crypto, actor.secretKey)
    const earning = await acceptBid(ports, best, viewerKey, signer, forever)
    const left = watchForPay(
      ports,
      earning,
      async ({ chunk }) => {
        if (chunk === 1) throw new Error('the browser was closed')
        await clockSystem.sleep(1000 * chunkSeconds)
        return { visibleMs: 1000, code: '' }
      },
      forever,
    )
    await expect(left).rejects.toThrow('the browser was closed')
    const [kept] = await listEarnings(ports.records)
    if (kept === undefined) throw new Error('nothing was kept')
    expect(kept.watcher).toMatchObject({ next: 2, promisedWei: rateOf(40) * 2n })
    const seen: PaidChunk[] = []
    const done = await watchForPay(ports, kept, playFor(seen), forever)
    expect(seen.map(({ chunk }) => chunk)).toEqual([1, 2])
    expect(done.watcher.promisedWei).toBe(viewingOf(40))
  })

  it('goes on after its advertiser was killed and started again', async () => {
    const { actor, ports } = await openEarner(stage, 'earner of a killed one')
    const viewerKey = randomSystem.bytes(32)
    const [best] = await bidsFor(ports, viewerKey)
    if (best === undefined) throw new Error('no bid')
    const signer = signerOfKey(ports.crypto, actor.secretKey)
    const earning = await acceptBid(ports, best, viewerKey, signer, forever)
    await modest.kill()
    await modest.start()
    const done = await watchForPay(ports, earning, playFor([]), forever)
    expect(done.watcher.promisedWei).toBe(viewingOf(40))
  })

  it('hears no bid of a campaign that was stopped', async () => {
    const { ports } = await openEarner(stage, 'earner too late')
    const [stats] = await readCampaignStats(modest.ports())
    if (stats === undefined) throw new Error('no campaign')
    await stopCampaign(modest.ports().records, stats.campaign)
    expect(await bidsFor(ports, randomSystem.bytes(32))).toEqual([])
    expect(await readCampaignStats(modest.ports())).toMatchObject([{ state: 'stopped' }])
  })
})
