import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { unknownViewer } from '#market/viewer-profile.ts'
import { createMessageNode } from '#network/node.ts'
import { openWatch, type WatchLink } from '#network/watch-link.ts'
import { serveWatch, type Viewing } from '#network/watch-source.ts'
import { campaignUnitWei } from '#protocol/campaign.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { answerHash, signAnswer, signWatcherInit, type Want } from '#protocol/watch.ts'
import { readCampaignStats } from '#roles/advertiser/settling.ts'
import { WatchDesk } from '#roles/advertiser/watch-desk.ts'
import { type EarnerPorts, findAddresses, findBidders, gatherBids } from '#roles/viewer/asking.ts'
import { acceptBid, type PaidChunk, signerOfKey, watchForPay } from '#roles/viewer/earning.ts'
import { claimOfEarning, type Earning, listEarnings } from '#roles/viewer/earning-records.ts'
import type { Hash } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import { Turns } from '#std/turns.ts'
import { actorOf } from './chain-fixture.ts'
import { ask, chunkSeconds, flatPolicy, marketOf, openAdvertiser, openEarner } from './market-stage.ts'
import { forever, type Stage, startStage } from './stage.ts'

/**
 * Cheaters against honest roles: what each honest one loses, in chunks of a second at one price. The machines' own tests
 * show the same bounds for any sequence of events.
 */
const rateWei = 40n * campaignUnitWei
const chunkWei = rateWei * BigInt(chunkSeconds)
let stage: Stage

beforeAll(async () => {
  stage = await startStage(20)
})
afterAll(() => stage?.close())

const openMarket = async (name: string, presence = { visible: 90, challenge: 0 }) => {
  const advertiser = await openAdvertiser(stage, name)
  await advertiser.campaign(await advertiser.publish(10), { policy: flatPolicy(rateWei), presence })
  await advertiser.start()
  return advertiser
}

const bidOf = async (
  ports: EarnerPorts,
  advertiser: string,
  viewerKey: Uint8Array,
  asked = ask,
  signingKey = viewerKey,
) => {
  const bidders = (await findBidders(ports, forever)).filter(one => one.advertiser === advertiser)
  const [bid] = await gatherBids(ports, asked, { viewerKey, signingKey }, bidders, 500, forever)
  if (bid === undefined) throw new Error('no bid')
  return bid
}

const placeWith = async (advertiser: Awaited<ReturnType<typeof openMarket>>, name: string) => {
  const { actor, ports } = await openEarner(stage, name)
  const viewerKey = randomSystem.bytes(32)
  const bid = await bidOf(ports, advertiser.actor.address, viewerKey)
  const earning = await acceptBid(ports, bid, viewerKey, signerOfKey(cryptoNoble, actor.secretKey), forever)
  return { actor, ports, earning, viewerKey }
}

const play = async ({ code }: PaidChunk) => {
  await clockSystem.sleep(1000 * chunkSeconds)
  return { visibleMs: 1000 * chunkSeconds, code }
}

type Turn = Awaited<ReturnType<Viewing['want']>>

/** An advertiser that allotted honestly, and then sends what `twist` makes of each chunk. */
const cheatWith = async (name: string, twist: (turn: Turn, chunk: number) => Turn) => {
  const advertiser = await openMarket(name)
  const { ports, earning } = await placeWith(advertiser, `viewer of ${name}`)
  await advertiser.kill()
  const nodeKey = actorOf(`${name} node`).secretKey
  const node = await createMessageNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  stage.add(async () => {
    await node.stop()
  })
  const { campaigns } = await stage.reader.addresses()
  const shared = advertiser.ports()
  const { writer } = await marketOf(stage, name)
  const domain = paratiiDomain(stage.chain.chainId, campaigns)
  const desk = new WatchDesk(
    { ...shared, writer, node, profileOf: async () => unknownViewer },
    domain,
    new Turns(),
  )
  await serveWatch(node, {
    greet: () => desk.greet(),
    async open(init, greeting) {
      const viewing = await desk.open(init, greeting)
      return { ...viewing, want: async (want, signal) => twist(await viewing.want(want, signal), want.chunk) }
    },
  })
  await writer.setNodes([{ key: earning.source, addresses: node.getMultiaddrs().map(String) }])
  const seen: number[] = []
  const watching = watchForPay(
    ports,
    earning,
    chunk => {
      seen.push(chunk.chunk)
      return play(chunk)
    },
    forever,
  )
  return { watching, seen, kept: async () => (await listEarnings(ports.records))[0] }
}

const change = (turn: Turn, head: object, bytes?: Uint8Array): Turn =>
  turn && { head: { ...turn.head, ...head }, bytes: bytes ?? turn.bytes }

describe('an advertiser that cheats a viewer', () => {
  it('stops paying: the unpaid chunk is not played, what was promised before stays good', async () => {
    const cheat = await cheatWith('miser', (turn, chunk) =>
      chunk === 0 ? turn : change(turn, { payment: null }),
    )
    await expect(cheat.watching).rejects.toMatchObject({ code: 'payment-short' })
    expect(cheat.seen).toEqual([0])
    const claim = claimOfEarning((await cheat.kept()) as Earning)
    expect(claim?.proof.balance).toBe(chunkWei)
  })

  it('pays stale proofs: the same', async () => {
    let first: Turn
    const cheat = await cheatWith('repeater', (turn, chunk) => {
      if (chunk > 0) return change(turn, { payment: first?.head.payment })
      first = turn
      return turn
    })
    await expect(cheat.watching).rejects.toMatchObject({ code: 'payment-short' })
    expect(cheat.seen).toEqual([0])
  })

  it('sends wrong chunks: none is played, and its promise is not for what came', async () => {
    const cheat = await cheatWith('liar', turn => change(turn, {}, turn && new Uint8Array(turn.bytes.length)))
    await expect(cheat.watching).rejects.toMatchObject({ code: 'block-mismatch' })
    expect(cheat.seen).toEqual([])
  })
})

/** A viewer's program that answers as `answerOf` says, without playing. */
const answerWith = async (
  advertiser: Awaited<ReturnType<typeof openMarket>>,
  name: string,
  answerOf: (sent: { nonce: Hash; bytes: Uint8Array }) => { hash: Hash; visibleMs: number; waitMs: number },
) => {
  const { ports, earning, viewerKey } = await placeWith(advertiser, name)
  const link: WatchLink = await openWatch(ports.node, {
    addresses: await findAddresses(ports, earning.advertiser, forever),
    source: earning.source,
    introduce: greeting =>
      signWatcherInit(cryptoNoble, greeting, { escrow: earning.campaign, leaf: earning.leaf }, viewerKey),
    signal: forever,
  })
  const sent = await link.want({ chunk: 0, payment: null, answer: null }, forever)
  if (sent === undefined) throw new Error('nothing was sent')
  const { hash, visibleMs, waitMs } = answerOf({ nonce: sent.head.nonce, bytes: sent.bytes })
  await clockSystem.sleep(waitMs)
  const context = { escrow: earning.campaign, leaf: earning.leaf, to: earning.source }
  const answer = signAnswer(cryptoNoble, context, { chunk: 0, hash, visibleMs, code: '' }, viewerKey)
  const want: Want = { chunk: 1, payment: null, answer }
  const next = await link.want(want, forever).catch(thrown => thrown)
  await link.close()
  return next
}

const lostBy = async (advertiser: Awaited<ReturnType<typeof openMarket>>) => {
  const [stats] = await readCampaignStats(advertiser.ports())
  return stats?.lostWei
}
const right = ({ nonce, bytes }: { nonce: Hash; bytes: Uint8Array }) => answerHash(nonce, bytes)

describe('a viewer that cheats an advertiser', () => {
  it('echoes a hash without the bytes: one chunk is lost', async () => {
    const advertiser = await openMarket('payer of an echo')
    const end = await answerWith(advertiser, 'echo', ({ nonce }) => ({
      hash: nonce,
      visibleMs: 1000,
      waitMs: 1000,
    }))
    expect(end).toMatchObject({ code: 'answer-wrong' })
    expect(await lostBy(advertiser)).toBe(chunkWei)
  })

  it('has the bytes and does not play: it waits as if it had, or gets no more; seen absent it has one chunk', async () => {
    const advertiser = await openMarket('payer of a machine')
    const hurried = await answerWith(advertiser, 'machine in a hurry', sent => ({
      hash: right(sent),
      visibleMs: 1000,
      waitMs: 0,
    }))
    expect(hurried).toMatchObject({ code: 'chunk-out-of-turn' })
    const absent = await answerWith(advertiser, 'machine seen absent', sent => ({
      hash: right(sent),
      visibleMs: 0,
      waitMs: 1000,
    }))
    expect(absent).toMatchObject({ code: 'presence-missing' })
    expect(await lostBy(advertiser)).toBe(2n * chunkWei)
  })

  it('gives no code where one was shown: one chunk is lost', async () => {
    const advertiser = await openMarket('payer who shows codes', { visible: 0, challenge: 1 })
    const end = await answerWith(advertiser, 'one who cannot read', sent => ({
      hash: right(sent),
      visibleMs: 1000,
      waitMs: 1000,
    }))
    expect(end).toMatchObject({ code: 'presence-missing' })
    expect(await lostBy(advertiser)).toBe(chunkWei)
  })

  it('runs the auction for a friend: a bid for a shown account pays that account alone, and nothing is lost', async () => {
    const advertiser = await openMarket('payer of a friend')
    const { actor, ports } = await openEarner(stage, 'one with a history')
    const friend = actorOf('a friend without')
    const viewerKey = randomSystem.bytes(32)
    const shown = { ...ask, account: actor.address }
    const bid = await bidOf(ports, advertiser.actor.address, viewerKey, shown, actor.secretKey)
    const signer = signerOfKey(cryptoNoble, friend.secretKey)
    await expect(acceptBid(ports, bid, viewerKey, signer, forever)).rejects.toMatchObject({
      code: 'viewer-not-wanted',
    })
    // And a stranger who saw the acceptance cannot watch in its place.
    const own = await acceptBid(ports, bid, viewerKey, signerOfKey(cryptoNoble, actor.secretKey), forever)
    const stolen = { ...own, viewerSecret: `0x${'09'.repeat(32)}` as const }
    await expect(watchForPay(ports, stolen, play, forever)).rejects.toMatchObject({
      code: 'signature-invalid',
    })
    expect(bytesFromHex(own.viewerSecret)).toEqual(viewerKey)
    expect(await lostBy(advertiser)).toBe(0n)
  })

  it('has many accounts: each has no more than the campaign gives one, all together no more than its deposit', async () => {
    const advertiser = await openAdvertiser(stage, 'payer of a crowd')
    const units = 3 * 40
    await advertiser.campaign(await advertiser.publish(10), {
      policy: flatPolicy(rateWei),
      deposit: 3 * units + 7,
      maxPerViewer: units,
    })
    await advertiser.start()
    const { ports } = await openEarner(stage, 'a crowd')
    const bids = await Promise.all(
      Array.from({ length: 6 }, async (_, n) => {
        const viewerKey = randomSystem.bytes(32)
        return { n, viewerKey, bid: await bidOf(ports, advertiser.actor.address, viewerKey) }
      }),
    )
    const accepted = await Promise.all(
      bids.map(({ n, viewerKey, bid }) =>
        // The first two are of one account.
        acceptBid(
          ports,
          bid,
          viewerKey,
          signerOfKey(cryptoNoble, actorOf(`crowd ${Math.max(n, 1)}`).secretKey),
          forever,
        ).then(
          () => 'allotted',
          thrown => thrown.code,
        ),
      ),
    )
    expect(accepted.filter(end => end === 'allotted')).toHaveLength(3)
    expect(accepted.every(end => ['allotted', 'viewer-not-wanted', 'campaign-exhausted'].includes(end))).toBe(
      true,
    )
    const [stats] = await readCampaignStats(advertiser.ports())
    expect(stats?.allottedWei).toBe(BigInt(3 * units) * campaignUnitWei)
  })
})
