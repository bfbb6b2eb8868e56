import { afterEach, describe, expect, it } from 'vitest'
import type { Lifelines } from '#bridge/lifeline.ts'
import { channelRequests, nodeCallbacks, nodeRequests } from '#bridge/node-contract.ts'
import { connectPort } from '#bridge/port-rpc.ts'
import { receiveStream } from '#bridge/stream-receiver.ts'
import type { Viewer } from '#roles/viewer/api.ts'
import type { Address, Hex, PurchaseNonce } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { NodeDesk } from './node-desk.ts'

const purchase = `0x${'11'.repeat(32)}` as PurchaseNonce
const network = {
  name: 'n',
  chainId: 1,
  rpcUrl: 'http://127.0.0.1:1',
  registry: `0x${'22'.repeat(20)}` as Address,
}
const nodeKey = `0x${'33'.repeat(32)}` as Hex
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Locks that end when a test says so. */
const createLifelines = () => {
  const ends = new Map<string, () => void>()
  const lifelines: Lifelines = {
    hold: async () => 'node',
    ended: (name, signal) =>
      new Promise((resolve, reject) => {
        ends.set(name, resolve)
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  }
  return { lifelines, end: (name: string) => ends.get(name)?.() }
}

const unasked = (): never => {
  throw new ParatiiError('fault')
}

/** A viewer of one purchase, whose every file is seven bytes. */
const createViewer = (): Viewer & { readonly stopped: PurchaseNonce[] } => {
  const stopped: PurchaseNonce[] = []
  return {
    stopped,
    quote: unasked,
    buy: unasked,
    settlement: unasked,
    meter: unasked,
    resume: async () => {},
    flush: async () => {},
    shutdown: async () => {},
    recycle: () => {},
    on: () => () => {},
    stop: async nonce => void stopped.push(nonce),
    async read() {
      const body = (async function* () {
        yield Uint8Array.of(1, 2, 3, 4, 5, 6, 7)
      })()
      return { size: 7, start: 0, end: 6, contentType: 'video/mp4', body }
    },
  }
}

const openDesk = async () => {
  const { lifelines, end } = createLifelines()
  const viewer = createViewer()
  const kept: (number | string)[] = []
  const films = { keep: (bytes: number) => void kept.push(bytes), forget: async () => void kept.push('none') }
  const desk = new NodeDesk({
    lifelines,
    createRoles: async () => ({ viewer, earner: unasked, stop: viewer.shutdown }),
    films,
    idle() {},
  })
  const { port1, port2 } = new MessageChannel()
  desk.connect(port2)
  const background = connectPort(
    port1,
    nodeCallbacks,
    {
      'node-key': async () => ({ nodeKey }),
      meter: async () => ({}),
      readable: async () => ({}),
      viewing: async () => ({}),
      'sign-acceptance': unasked,
    },
    nodeRequests,
  )
  closers.push(background.close)
  const openPage = async (lifeline: string) => {
    const channel = new MessageChannel()
    await background.ask('channel', { network, purchase }, [channel.port2])
    const page = connectPort(channel.port1, {}, {}, channelRequests)
    closers.push(page.close)
    await page.ask('hello', { lifeline })
    return page
  }
  return { viewer, background, kept, openPage, end }
}

describe('the node serves a page by a port of its own', () => {
  it('also when the background that brokered it has ended', async () => {
    const { background, openPage } = await openDesk()
    const page = await openPage('page')
    const read = async () => {
      const { port1, port2 } = new MessageChannel()
      await page.ask('read', { path: 'v720/1.m4s' }, [port2])
      const stream = await receiveStream(port1, page.closed)
      return (await stream.next())?.length
    }
    expect(await read()).toBe(7)
    background.close()
    expect(await read()).toBe(7)
  })

  it('until the purchase is stopped, and no longer', async () => {
    const { viewer, background, openPage } = await openDesk()
    const page = await openPage('page')
    const { port1, port2 } = new MessageChannel()
    await page.ask('read', { path: 'v720/1.m4s' }, [port2])
    const stream = await receiveStream(port1, page.closed)
    expect([...((await stream.next()) ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(await stream.next()).toBeUndefined()
    await background.ask('stop', { network, purchase })
    expect(viewer.stopped).toEqual([purchase])
    await expect.poll(() => page.closed.aborted).toBe(true)
  })

  it('until the page is gone, of which its port says nothing', async () => {
    const { openPage, end } = await openDesk()
    const page = await openPage('page')
    end('page')
    await expect.poll(() => page.closed.aborted).toBe(true)
  })
})

it('the node keeps of films what its background says, and nothing once it was told to forget', async () => {
  const { background, kept } = await openDesk()
  await background.ask('hello', { lifeline: 'background', keptBytes: 10 })
  await background.ask('keep', { keptBytes: 5 })
  await background.ask('forget', {})
  expect(kept).toEqual([10, 5, 'none'])
})
