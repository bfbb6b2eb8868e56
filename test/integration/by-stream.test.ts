import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { messageAddresses } from '#network/address.ts'
import { askFree } from '#network/free-stream.ts'
import { hostEarnedWei, ownerEarnedWei } from '#payments/purchase.ts'
import type { PurchaseNonce, VideoId } from '#std/brand.ts'
import {
  buy,
  filmBytes,
  forever,
  type HostTwist,
  longFilmFiles,
  openTheatre,
  readAll,
  type Stage,
  type StagedViewer,
  startStage,
} from './stage.ts'

const paths = ['manifest.mpd', 'v720/init.mp4', 'v720/1.m4s', 'v720/2.m4s']

const expectFilm = async (viewer: StagedViewer, nonce: PurchaseNonce): Promise<void> => {
  for (const path of paths) {
    const read = await readAll(viewer, nonce, path, undefined, forever)
    expect((await filmBytes(path, longFilmFiles())).equals(read)).toBe(true)
  }
}

describe('a film over libp2p alone', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await stage.close()
  })

  const open = (twists: readonly HostTwist[]) => openTheatre(stage, twists, longFilmFiles())

  /** URLs of data planes that are fetched from now on. */
  const watchFetch = (): string[] => {
    const urls: string[] = []
    const real = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
      const url = String(input instanceof Request ? input.url : input)
      if (url.includes('/paratii/1/')) urls.push(url)
      return real(input, init)
    })
    return urls
  }

  it('comes whole from a host without HTTP, every leaf verified, and the host is paid to the byte', async () => {
    const { viewer, hosts, video, publisher } = await open([{ http: 'none' }])
    expect(hosts[0]?.role.url).toBeUndefined()
    expect(hosts[0]?.role.addresses().join()).not.toContain('/http')
    const urls = watchFetch()
    const { nonce, order } = await buy(viewer, video)
    await expectFilm(viewer, nonce)
    expect(urls.filter(url => !url.includes('/hosts/'))).toEqual([])
    const meter = viewer.role.meter(nonce)
    expect(meter.verifiedBytes).toBe(order.terms.size)
    expect(meter.hosts).toMatchObject([{ bytes: order.terms.size, failures: 0, banned: false }])
    await viewer.role.stop(nonce, forever)
    await hosts[0]?.stop()
    expect(await stage.reader.paidBytes(nonce, 0)).toBe(order.terms.size)
    const [allotment] = order.leaves
    if (allotment === undefined) throw new Error('no allotment')
    expect(await stage.balance(allotment.payout)).toBe(
      hostEarnedWei(order.terms, allotment, order.terms.size),
    )
    expect(await stage.balance(publisher.actor.address)).toBe(ownerEarnedWei(order.terms, order.terms.size))
  })

  it('comes from a host whose HTTP leads nowhere, which counts as no failure', async () => {
    const { viewer, hosts, video } = await open([{ http: 'closed' }])
    const urls = watchFetch()
    const { nonce, order } = await buy(viewer, video)
    await expectFilm(viewer, nonce)
    expect(urls.some(url => url.startsWith('http://127.0.0.1:1/paratii/1/blocks'))).toBe(true)
    expect(viewer.role.meter(nonce).hosts).toMatchObject([{ bytes: order.terms.size, failures: 0 }])
    await viewer.role.stop(nonce, forever)
    await hosts[0]?.stop()
    expect(await stage.reader.paidBytes(nonce, 0)).toBe(order.terms.size)
  })

  it('costs a host that lies its place, and earns it only what was true', async () => {
    let reads = 0
    const liar: HostTwist = {
      http: 'none',
      blocks: blocks => ({
        ...blocks,
        async get(cid, into) {
          const bytes = await blocks.get(cid, into)
          // The head was read before: from here on these are leaves that are paid for.
          return isSelling && ++reads === 5 ? bytes?.map(byte => byte ^ 1) : bytes
        },
      }),
    }
    let isSelling = false
    const { viewer, hosts, video } = await open([liar, { http: 'none' }])
    const { nonce, order } = await buy(viewer, video)
    isSelling = true
    await expectFilm(viewer, nonce)
    const meter = viewer.role.meter(nonce)
    const liarAt = order.leaves.findIndex(({ key }) => key === hosts[0]?.node.publicKey)
    expect(meter.hosts[liarAt]).toMatchObject({ banned: true, failures: 1 })
    expect(meter.hosts[1 - liarAt]).toMatchObject({ banned: false, failures: 0 })
    expect(meter.verifiedBytes).toBe(order.terms.size)
    await viewer.role.stop(nonce, forever)
    await Promise.all(hosts.map(host => host.stop()))
    const paid = await Promise.all(order.leaves.map((_, leaf) => stage.reader.paidBytes(nonce, leaf)))
    expect(paid).toEqual(meter.hosts.map(host => host.bytes))
  })

  it('is found without HTTP, too, by whoever may know of it; what is not kept is refused', async () => {
    const { viewer, hosts, publisher, video } = await open([{ http: 'none' }])
    const real = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) =>
      String(input).includes('/paratii/1/') ? Promise.reject(new TypeError('no HTTP')) : real(input, init),
    )
    const { nonce, order } = await buy(viewer, video)
    await expectFilm(viewer, nonce)
    expect(viewer.role.meter(nonce).verifiedBytes).toBe(order.terms.size)
    for (const role of [hosts[0]?.role, publisher.role]) {
      const addresses = messageAddresses(role?.addresses() ?? [])
      const ask = (id: VideoId, maxBytes: number) =>
        askFree(viewer.node, addresses, { cmd: 'gethosts', body: { id } }, maxBytes, forever)
      await expect(ask(`0x${'0'.repeat(64)}` as VideoId, 1000)).rejects.toMatchObject({
        code: 'video-unknown',
      })
      await expect(ask(video.id, 10)).rejects.toMatchObject({ code: 'directory-malformed' })
    }
  })
})
