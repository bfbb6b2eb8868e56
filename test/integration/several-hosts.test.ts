import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { leafBytes } from '#media/limits.ts'
import { hostEarnedWei, ownerEarnedWei, paidWei } from '#payments/purchase.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import type { ViewerEvent } from '#roles/viewer/api.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Cid } from '#std/brand.ts'
import { actorOf, noAffiliate, payoutOf } from './chain-fixture.ts'
import {
  buy,
  filmBytes,
  forever,
  type HostTwist,
  longFilmFiles,
  openProcess,
  openPublisher,
  openTheatre,
  openViewer,
  readAll,
  type Stage,
  type StagedViewer,
  startStage,
  untilListed,
} from './stage.ts'

const paths = ['v720/1.m4s', 'v720/2.m4s']

/** The leaves of the segments, in their order. */
const segmentLeaves = async (): Promise<readonly Cid[]> => {
  const segments = await Promise.all(paths.map(path => filmBytes(path, longFilmFiles())))
  return segments.flatMap(bytes =>
    Array.from({ length: Math.ceil(bytes.length / leafBytes) }, (_, at) => {
      const leaf = bytes.subarray(at * leafBytes, (at + 1) * leafBytes)
      return cidFromDigest('raw', createHash('sha256').update(leaf).digest())
    }),
  )
}

/** Stands between a host and what it reads of some leaves. */
const twisted = (
  isMeant: (at: number) => boolean,
  twist: (bytes: Uint8Array | undefined, at: number) => Promise<Uint8Array | undefined>,
): HostTwist => ({
  blocks: blocks => ({
    ...blocks,
    async get(cid, into) {
      const at = (await segmentLeaves()).indexOf(cid)
      const bytes = await blocks.get(cid, into)
      return isMeant(at) ? twist(bytes, at) : bytes
    },
  }),
})

/** Counts the leaves that data planes are asked for by this process, and how many hosts are. */
const watchAsked = () => {
  const hosts = new Set<string>()
  let leaves = 0
  const hear = (message: unknown): void => {
    const { request } = message as { readonly request: { readonly origin: string; readonly path: string } }
    const url = new URL(request.path, request.origin)
    for (const range of url.searchParams.get('leaves')?.split(',') ?? []) {
      const [first = 0, last = first] = range.split('-').map(Number)
      leaves += last - first + 1
      hosts.add(url.origin)
    }
  }
  subscribe('undici:request:create', hear)
  return {
    stop() {
      unsubscribe('undici:request:create', hear)
      return { leaves, hosts: hosts.size }
    },
  }
}

const expectFilm = async (viewer: StagedViewer, nonce: Parameters<typeof readAll>[1]): Promise<void> => {
  for (const path of paths) {
    const read = await readAll(viewer, nonce, path, undefined, forever)
    expect((await filmBytes(path, longFilmFiles())).equals(read)).toBe(true)
  }
}

/** A theatre whose hosts are processes of their own. */
const openKillable = async (stage: Stage, count: number) => {
  const owner = await openPublisher(stage)
  const video = await owner.publish(longFilmFiles())
  await owner.start()
  const names = Array.from({ length: count }, (_, at) => `host ${at}`)
  const hosts = names.map(name => openProcess(stage, 'host', name, [owner.actor.address]))
  for (const name of names) await stage.writerOf(actorOf(name))
  await Promise.all(hosts.map(host => host.start()))
  const viewer = await openViewer(stage)
  await stage.chain.faucet(viewer.actor.address, 10n * weiPerPti)
  await untilListed(viewer, video, count)
  return { viewer, video, owner, hosts, names }
}

describe('several hosts', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it.each([2, 3])(
    'share the work (%i of them), each byte fetched once, each paid for what it sent',
    async count => {
      const { viewer, hosts, video, publisher } = await openTheatre(
        stage,
        Array.from({ length: count }, () => ({})),
        longFilmFiles(),
      )
      const { nonce, order } = await buy(viewer, video)
      expect(order.leaves).toHaveLength(count)
      await expectFilm(viewer, nonce)
      await readAll(viewer, nonce, 'manifest.mpd', undefined, forever)
      await readAll(viewer, nonce, 'v720/init.mp4', undefined, forever)
      const meter = viewer.role.meter(nonce)
      expect(meter.verifiedBytes).toBe(order.terms.size)
      for (const host of meter.hosts) {
        // A run of four at least.
        expect(host.bytes).toBeGreaterThan(3 * leafBytes)
        expect(host).toMatchObject({ failures: 0, banned: false })
      }
      await viewer.role.stop(nonce, forever)
      await Promise.all(hosts.map(host => host.stop()))
      for (const [leaf, allotment] of order.leaves.entries()) {
        const bytes = meter.hosts[leaf]?.bytes ?? 0
        expect(await stage.reader.paidBytes(nonce, leaf)).toBe(bytes)
        expect(await stage.balance(allotment.payout)).toBe(hostEarnedWei(order.terms, allotment, bytes))
      }
      expect(await stage.balance(publisher.actor.address)).toBe(ownerEarnedWei(order.terms, order.terms.size))
    },
  )

  it('are asked for each leaf once, three of them and several readers', async () => {
    const { viewer, video } = await openTheatre(stage, [{}, {}, {}], longFilmFiles())
    const { nonce } = await buy(viewer, video)
    const asked = watchAsked()
    await Promise.all([expectFilm(viewer, nonce), expectFilm(viewer, nonce)])
    const counts = asked.stop()
    expect(counts.hosts).toBe(3)
    // The first leaf of the first segment is free, and came before.
    const fetched = (await segmentLeaves()).length - 1
    expect(counts.leaves).toBeGreaterThanOrEqual(fetched)
    expect(counts.leaves / fetched).toBeLessThanOrEqual(1.03)
  })

  it('take over from a slow one of three before a player’s buffer is empty, and nothing is paid twice', async () => {
    const isOver = Promise.withResolvers<void>()
    const slow = twisted(
      at => at >= 0,
      async bytes => {
        await isOver.promise
        return bytes
      },
    )
    const { viewer, hosts, video } = await openTheatre(stage, [{}, slow, {}], longFilmFiles())
    const { nonce, order } = await buy(viewer, video)
    let longestWaitMs = 0
    for (const path of paths) {
      const { body } = await viewer.role.read(nonce, path, undefined, forever)
      let lastMs = performance.now()
      const pieces: Uint8Array[] = []
      for await (const piece of body) {
        longestWaitMs = Math.max(longestWaitMs, performance.now() - lastMs)
        lastMs = performance.now()
        pieces.push(piece)
      }
      expect((await filmBytes(path, longFilmFiles())).equals(Buffer.concat(pieces))).toBe(true)
    }
    // The player buffers 20 s (player/page/playback.ts).
    expect(longestWaitMs).toBeLessThan(10_000)
    isOver.resolve()
    const meter = viewer.role.meter(nonce)
    await viewer.role.stop(nonce, forever)
    await Promise.all(hosts.map(host => host.stop()))
    const paid = await Promise.all(order.leaves.map((_, leaf) => stage.reader.paidBytes(nonce, leaf)))
    const bytes = paths.map(path => filmBytes(path, longFilmFiles()))
    const whole = (await Promise.all(bytes)).reduce((sum, { length }) => sum + length, 0)
    const slowAt = order.leaves.findIndex(({ key }) => key === hosts[1]?.node.publicKey)
    expect(meter.hosts[slowAt]?.bytes).toBe(0)
    expect(paid[slowAt]).toBe(0)
    const free = order.terms.size - whole
    expect(paid.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(whole + free)
  })

  it('are held enough that either can send the whole, and what nobody earned returns', async () => {
    const { viewer, hosts, video, publisher } = await openTheatre(stage, [{}, {}], longFilmFiles())
    const before = await stage.balance(viewer.actor.address)
    const { nonce, order } = await buy(viewer, video)
    for (const { cap } of order.leaves) expect(cap).toBeGreaterThanOrEqual(order.terms.size)
    const heldWei = order.terms.price + BigInt(order.capacity) * order.terms.fee
    expect(before - (await stage.balance(viewer.actor.address))).toBe(heldWei)

    // The one that gave the head is to be paid for it, too: the other one goes.
    const giver = hosts.find(({ node }) => node.publicKey === order.leaves[0]?.key)
    await hosts.find(host => host !== giver)?.stop()
    await expectFilm(viewer, nonce)
    for (const path of ['manifest.mpd', 'v720/init.mp4'])
      await readAll(viewer, nonce, path, undefined, forever)
    await viewer.role.stop(nonce, forever)
    await giver?.stop()
    await stage.warp(4000)
    await expect.poll(async () => (await stage.reader.purchase(nonce))?.reclaimed).toBe(true)
    const paid = await Promise.all(order.leaves.map((_, leaf) => stage.reader.paidBytes(nonce, leaf)))
    expect(paid.reduce((sum, bytes) => sum + bytes, 0)).toBe(order.terms.size)
    expect(before - (await stage.balance(viewer.actor.address))).toBe(paidWei(order, paid))
    expect(await stage.balance(publisher.actor.address)).toBe(order.terms.price)
  })

  it('play on when one of them lies about one block in ten, which earns it nothing', async () => {
    const liar = twisted(
      at => at % 10 === 4,
      async bytes => bytes?.map(byte => byte ^ 1),
    )
    const { viewer, hosts, video, publisher } = await openTheatre(stage, [liar, {}], longFilmFiles())
    const { nonce, order } = await buy(viewer, video)
    await expectFilm(viewer, nonce)
    const meter = viewer.role.meter(nonce)
    const liarAt = order.leaves.findIndex(({ key }) => key === hosts[0]?.node.publicKey)
    expect(meter.hosts[liarAt]).toMatchObject({ banned: true, failures: 1 })
    expect(meter.hosts[1 - liarAt]).toMatchObject({ banned: false, failures: 0 })
    await viewer.role.stop(nonce, forever)
    await Promise.all(hosts.map(host => host.stop()))
    const paid = await Promise.all(order.leaves.map((_, leaf) => stage.reader.paidBytes(nonce, leaf)))
    expect(paid).toEqual(meter.hosts.map(host => host.bytes))
    expect(paid.reduce((sum, bytes) => sum + bytes, 0)).toBe(meter.verifiedBytes)
    expect(await stage.balance(publisher.actor.address)).toBe(
      ownerEarnedWei(order.terms, meter.verifiedBytes),
    )
  })

  it('play on when one of them stalls in the middle of an answer', async () => {
    const stalling = twisted(
      at => at >= 6,
      () => new Promise(() => {}),
    )
    const { viewer, hosts, video } = await openTheatre(stage, [stalling, {}], longFilmFiles())
    const events: ViewerEvent[] = []
    viewer.role.on(event => events.push(event))
    const { nonce, order } = await buy(viewer, video)
    const startedAt = performance.now()
    await expectFilm(viewer, nonce)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'host-error', host: hosts[0]?.node.publicKey }),
    )
    const meter = viewer.role.meter(nonce)
    await viewer.role.stop(nonce, forever)
    await hosts[1]?.stop()
    const leaf = order.leaves.findIndex(({ key }) => key === hosts[1]?.node.publicKey)
    expect(await stage.reader.paidBytes(nonce, leaf)).toBe(meter.hosts[leaf]?.bytes)
  })

  it('play on when one of them is killed, which is paid for what it sent when it is back', async () => {
    const { viewer, video, owner, hosts, names } = await openKillable(stage, 2)
    const { nonce, order } = await buy(viewer, video)
    const { body } = await viewer.role.read(nonce, 'v720/1.m4s', undefined, forever)
    const pieces: Uint8Array[] = []
    for await (const piece of body) {
      if (pieces.length === 2) await hosts[0]?.kill()
      pieces.push(piece)
    }
    expect((await filmBytes('v720/1.m4s', longFilmFiles())).equals(Buffer.concat(pieces))).toBe(true)
    await hosts[0]?.start()
    await expectFilm(viewer, nonce)
    const meter = viewer.role.meter(nonce)
    await viewer.role.stop(nonce, forever)
    await Promise.all(hosts.map(host => host.end()))
    const paid = await Promise.all(order.leaves.map((_, leaf) => stage.reader.paidBytes(nonce, leaf)))
    expect(paid).toEqual(meter.hosts.map(host => host.bytes))
    const payouts = names.map(name => payoutOf(actorOf(name).address))
    const balances = await Promise.all([...payouts, owner.actor.address].map(stage.balance))
    expect(balances.reduce((sum, wei) => sum + wei, 0n)).toBe(paidWei(order, paid))
  })
})

describe('a seek', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('is answered with the new leaf first; what it left behind is read, sent and paid no more', async () => {
    const [first = '', second = ''] = paths
    const firstLeaves = Math.ceil((await filmBytes(first, longFilmFiles())).length / leafBytes)
    const asked: number[] = []
    const seeking = Promise.withResolvers<void>()
    const slow = twisted(
      () => true,
      async (bytes, at) => {
        asked.push(at)
        // The rest of the first segment does not come before the viewer has gone elsewhere.
        if (at >= 5 && at < firstLeaves) await seeking.promise
        return bytes
      },
    )
    const { viewer, video } = await openTheatre(stage, [slow], longFilmFiles())
    const { nonce } = await buy(viewer, video)
    const { body } = await viewer.role.read(nonce, first, undefined, forever)
    let pieces = 0
    for await (const _ of body) if (++pieces === 5) break
    // All that the host has sent was taken; it reads the next four leaves ahead, and waits for them.
    await expect.poll(() => asked.includes(8)).toBe(true)
    const before = viewer.role.meter(nonce).verifiedBytes
    const askedBefore = asked.length
    const { body: there } = await viewer.role.read(nonce, second, undefined, forever)
    const read: Uint8Array[] = []
    for await (const piece of there) {
      if (read.length === 0) {
        // Leaves of one batch are read side by side.
        expect(Math.min(...asked.slice(askedBefore).filter(at => at >= 0))).toBe(firstLeaves)
        seeking.resolve()
      }
      read.push(piece)
    }
    const published = await filmBytes(second, longFilmFiles())
    expect(published.equals(Buffer.concat(read))).toBe(true)
    // One leaf of the first segment may have been on its way.
    const leftBehind = viewer.role.meter(nonce).verifiedBytes - before - published.length
    expect(leftBehind).toBeGreaterThanOrEqual(0)
    expect(leftBehind).toBeLessThanOrEqual(leafBytes)
    expect(asked.slice(askedBefore).filter(at => at >= 0 && at < firstLeaves)).toEqual([])
  })
})

describe('what a closed purchase shows', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('is all that was verified, also of a film that is stopped while it comes', async () => {
    const { viewer, video, hosts } = await openKillable(stage, 2)
    const { nonce } = await buy(viewer, video)
    // A host that is quick, or a viewer that is slow to stop, has it all before the end.
    const read = readAll(viewer, nonce, 'v720/1.m4s', undefined, forever).then(
      () => 'whole',
      ({ code }: { code: string }) => code,
    )
    const coming = new Promise<void>(resolve => {
      const stop = viewer.role.on(event => {
        if (event.type !== 'meter' || event.meter.verifiedBytes === 0) return
        stop()
        resolve()
      })
    })
    await coming
    let shown = viewer.role.meter(nonce)
    viewer.role.on(event => {
      if (event.type === 'meter') shown = event.meter
    })
    await viewer.role.stop(nonce, forever)
    expect(['aborted', 'whole']).toContain(await read)
    for (const host of hosts) await host.end()
    const paid = await Promise.all([0, 1].map(leaf => stage.reader.paidBytes(nonce, leaf)))
    expect(paid).toEqual(shown.hosts.map(host => host.bytes))
  })

  it('is what the chain paid, not what was signed and never arrived', async () => {
    const { viewer, video, hosts, names } = await openKillable(stage, 1)
    const { nonce, order } = await buy(viewer, video)
    await readAll(viewer, nonce, 'v720/1.m4s', undefined, forever)
    await viewer.role.flush(nonce)
    const delivered = viewer.role.meter(nonce)
    await readAll(viewer, nonce, 'v720/2.m4s', undefined, forever)
    const signed = viewer.role.meter(nonce)
    expect(signed.verifiedBytes).toBe(delivered.verifiedBytes + 5_500_000)
    await hosts[0]?.kill()
    await viewer.role.stop(nonce, forever)
    expect(await viewer.role.settlement(nonce, forever)).toEqual({ paidWei: 0n, isFinal: false })
    await hosts[0]?.start()
    await hosts[0]?.end()
    await stage.warp(4000)
    const settlement = await viewer.role.settlement(nonce, forever)
    const paidBytes = await stage.reader.paidBytes(nonce, 0)
    expect(paidBytes).toBeGreaterThanOrEqual(delivered.verifiedBytes)
    expect(paidBytes).toBeLessThan(signed.verifiedBytes)
    expect(settlement).toEqual({ paidWei: paidWei(order, [paidBytes]), isFinal: true })
    const [payout] = names.map(name => payoutOf(actorOf(name).address))
    expect(await stage.balance(payout ?? noAffiliate)).toBe(BigInt(paidBytes) * order.terms.fee)
  })
})
