import { afterEach, describe, expect, it } from 'vitest'
import type { Lifelines } from '#bridge/lifeline.ts'
import { nodeCallbacks, nodeRequests } from '#bridge/node-contract.ts'
import { connectPort, type PortHandlers } from '#bridge/port-rpc.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { NodeLink, type NodePlace } from './node-link.ts'

const purchase = `0x${'11'.repeat(32)}` as PurchaseNonce
const meter = { purchase, verifiedBytes: 7, paidWei: 9n, hosts: 1, failures: 0 }
const network = {
  name: 'n',
  chainId: 1,
  rpcUrl: 'http://127.0.0.1:1',
  registry: `0x${'22'.repeat(20)}`,
} as never
const unasked = async (): Promise<never> => {
  throw new ParatiiError('fault')
}

/** A node's place whose nodes can be killed as a browser kills them: without a word on any port. */
function createPlace() {
  const ports: MessagePort[] = []
  let life = new AbortController()
  const place = {
    started: 0,
    asked: 0,
    running: false,
    kept: [] as number[],
    kill() {
      place.running = false
      life.abort()
    },
    stop() {
      for (const port of ports) port.close()
    },
    async open() {
      if (place.running) return
      place.running = true
      place.started++
      life = new AbortController()
    },
    async close() {
      place.running = false
    },
    async connect(port: MessagePort) {
      if (!place.running) return false
      ports.push(port)
      const mine = life.signal
      const handlers: PortHandlers<typeof nodeRequests> = {
        hello: async ({ keptBytes }) => {
          place.kept.push(keptBytes)
          return { lifeline: 'node' }
        },
        keep: async ({ keptBytes }) => {
          place.kept.push(keptBytes)
          return {}
        },
        forget: unasked,
        quote: unasked,
        buy: unasked,
        stop: unasked,
        settlement: unasked,
        read: unasked,
        channel: unasked,
        bids: unasked,
        accept: unasked,
        'viewing-resume': unasked,
        viewing: unasked,
        'viewing-stop': unasked,
        'viewing-channel': unasked,
        async open() {
          place.asked++
          if (mine.aborted) return new Promise<never>(() => undefined)
          return meter
        },
      }
      connectPort(port, nodeRequests, handlers, nodeCallbacks)
      return true
    },
  } satisfies NodePlace & Record<string, unknown>
  const lifelines: Lifelines = {
    hold: async () => 'background',
    ended: () => {
      const watched = life.signal
      return new Promise(resolve => watched.addEventListener('abort', () => resolve()))
    },
  }
  return { place, lifelines }
}

let stop: (() => void) | undefined
afterEach(() => stop?.())

function createLink() {
  const { place, lifelines } = createPlace()
  stop = place.stop
  const state = { keptBytes: 1 }
  const link = new NodeLink(
    place,
    lifelines,
    { 'node-key': unasked, meter: unasked, readable: unasked, 'sign-acceptance': unasked, viewing: unasked },
    async () => ({ keptBytes: state.keptBytes }),
  )
  return { place, link, state }
}

describe('the way to the node', () => {
  it('tells it what to keep of films, and anew when that is another; one that sleeps is not woken for it', async () => {
    const { place, link, state } = createLink()
    await link.tellAnew()
    expect(place.started).toBe(0)
    await link.ask('open', { network, purchase })
    state.keptBytes = 2
    await link.tellAnew()
    expect(place.kept).toEqual([1, 2])
  })

  it('starts it with the first question, and once however many come at once', async () => {
    const { place, link } = createLink()
    expect(place.started).toBe(0)
    const answers = await Promise.all([1, 2, 3].map(() => link.ask('open', { network, purchase })))
    expect(answers).toEqual([meter, meter, meter])
    expect(place.started).toBe(1)
  })

  it('finds a node that was running before', async () => {
    const { place, link } = createLink()
    await place.open()
    await link.ask('open', { network, purchase })
    expect(place.started).toBe(1)
  })

  it('starts a new one when it died without a word, and asks again what was under way', async () => {
    const { place, link } = createLink()
    await link.ask('open', { network, purchase })
    place.kill()
    await expect(link.ask('open', { network, purchase })).resolves.toEqual(meter)
    expect(place.started).toBe(2)
  })

  it('carries what the node refuses', async () => {
    const { link } = createLink()
    await expect(link.ask('stop', { network, purchase })).rejects.toMatchObject({ code: 'fault' })
  })

  it('tells the reader of a stream when the node is gone', async () => {
    const { place, link } = createLink()
    const { ended } = await link.stream({ network, purchase, path: 'manifest.mpd' })
    expect(ended.aborted).toBe(false)
    place.kill()
    await expect.poll(() => ended.aborted).toBe(true)
  })
})
