import * as v from 'valibot'
import { afterEach, describe, expect, it } from 'vitest'
import type { Lifelines } from '#bridge/lifeline.ts'
import { channelRequests } from '#bridge/node-contract.ts'
import { connectPort } from '#bridge/port-rpc.ts'
import { streamCredit, streamReply } from '#bridge/stream.ts'
import { ParatiiError } from '#std/error.ts'
import { readWhole } from './port-scheme.ts'
import { type AskedRange, StreamChannel } from './stream-channel.ts'

const pieceBytes = 1000
const pieces = 40
const never = new AbortController().signal
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Locks that nobody ever releases: contexts of a test live as long as it. */
const lifelines: Lifelines = {
  hold: async () => 'life',
  ended: (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
}

/** A node that serves one file of 40 pieces, as much of it as its reader grants. */
function createNode() {
  const node = {
    brokered: 0,
    asked: [] as { path: string; range?: AskedRange }[],
    sent: 0,
    cancelled: 0,
    end() {},
  }
  const broker = async (port: MessagePort): Promise<void> => {
    node.brokered++
    const page = connectPort(
      port,
      channelRequests,
      {
        hello: async () => ({ lifeline: 'life' }),
        read: async (asked, [stream]) => {
          node.asked.push(asked as (typeof node.asked)[number])
          if (stream !== undefined) serve(stream)
          return {}
        },
        turn: async ({ after = -1 }) => ({ chunk: after + 1, code: '' }),
        played: async () => ({}),
      },
      {},
    )
    node.end = page.close
    closers.push(page.close)
  }
  const serve = (stream: MessagePort): void => {
    closers.push(() => stream.close())
    const size = pieces * pieceBytes
    stream.postMessage({ type: 'head', size, start: 0, end: size, contentType: 'video/mp4' })
    let at = 0
    stream.addEventListener('message', ({ data }) => {
      const reply = v.parse(streamReply, data)
      if (reply.type === 'cancel') node.cancelled++
      for (let credit = reply.type === 'credit' ? reply.buffers : 1; credit > 0 && at < pieces; credit--) {
        const buffer = new Uint8Array(pieceBytes + 24).fill(at++).buffer
        stream.postMessage({ type: 'bytes', buffer, offset: 24, length: pieceBytes }, [buffer])
        node.sent++
        if (at === pieces) stream.postMessage({ type: 'end' })
      }
    })
    stream.start()
  }
  const channel = new StreamChannel({ broker, lifelines })
  closers.push(() => channel.close())
  return { node, channel }
}

describe("a page's channel to the node", () => {
  it('carries files whole and in order over one brokered port, and tells what came', async () => {
    const { node, channel } = createNode()
    let toldBytes = 0
    for (const path of ['v720/1.m4s', 'v720/2.m4s']) {
      const stream = await channel.read(path, { first: 0 }, never)
      const whole = new Uint8Array(await readWhole(stream, never, (_, bytes) => (toldBytes += bytes)))
      expect(whole.length).toBe(pieces * pieceBytes)
      expect(whole.every((byte, at) => byte === Math.floor(at / pieceBytes))).toBe(true)
    }
    expect(toldBytes).toBe(2 * pieces * pieceBytes)
    expect(node.brokered).toBe(1)
    expect(node.asked).toEqual([
      { path: 'v720/1.m4s', range: { first: 0 } },
      { path: 'v720/2.m4s', range: { first: 0 } },
    ])
  })

  it('tells of a head that was fetched ahead how long that took, and of the rest what it takes', async () => {
    const { channel } = createNode()
    const stream = await channel.read('v720/1.m4s', undefined, never)
    const told: [number, number][] = []
    await readWhole(stream, never, (timeMs, bytes) => told.push([timeMs, bytes]), 40_000)
    expect(told[0]).toEqual([40_000, pieceBytes])
    expect(told.slice(1).every(([timeMs]) => timeMs < 40_000)).toBe(true)
    expect(told.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(pieces * pieceBytes)
  })

  it('gets no more than it gave leave for while it stands still', async () => {
    const { node, channel } = createNode()
    const stream = await channel.read('v720/1.m4s', undefined, never)
    const first = await stream.next()
    await expect.poll(() => node.sent).toBe(streamCredit)
    if (first !== undefined) stream.giveBack(first)
    await expect.poll(() => node.sent).toBe(streamCredit + 1)
    expect(first?.buffer.byteLength).toBe(0)
  })

  it('is brokered anew when the node has ended, once for each reading', async () => {
    const { node, channel } = createNode()
    await (await channel.read('v720/1.m4s', undefined, never)).next()
    node.end()
    const again = await channel.read('v720/1.m4s', undefined, never)
    expect((await again.next())?.length).toBe(pieceBytes)
    expect(node.brokered).toBe(2)
  })

  it('fails as whoever brokers it fails', async () => {
    const channel = new StreamChannel({
      broker: async () => {
        throw new ParatiiError('not-permitted')
      },
      lifelines,
    })
    await expect(channel.read('v720/1.m4s', undefined, never)).rejects.toMatchObject({
      code: 'not-permitted',
    })
  })

  it('stops the node when the player wants no more of a file', async () => {
    const { node, channel } = createNode()
    const abort = new AbortController()
    const stream = await channel.read('v720/1.m4s', undefined, abort.signal)
    await stream.next()
    const reading = readWhole(stream, abort.signal, () => abort.abort())
    abort.abort()
    await expect(reading).rejects.toThrow()
    await expect.poll(() => node.cancelled).toBe(1)
  })
})
