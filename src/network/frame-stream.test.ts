import type { Stream } from '@libp2p/interface'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeFrame } from '#protocol/frame.ts'
import { concatBytes } from '#std/bytes.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { MessageNode } from './message-node.ts'
import { createMessageNode } from './node.ts'

const protocol = '/test/1'
const signal = new AbortController().signal
let server: MessageNode
let client: MessageNode
beforeEach(async () => {
  server = await createMessageNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
  client = await createMessageNode()
})
afterEach(async () => {
  await Promise.all([server.stop(), client.stop()])
})

/** One stream, its frames as the server has them. */
const open = async (
  ...limits: [maxDataBytes: number, maxUnread?: number, maxUnreadBytes?: number]
): Promise<{ stream: Stream; frames: FrameStream; closed: Promise<unknown> }> => {
  const accepted = Promise.withResolvers<FrameStream>()
  await server.handle(protocol, stream => accepted.resolve(frameStream(stream, ...limits)))
  const stream = await client.dialProtocol(server.getMultiaddrs(), protocol)
  const closed = new Promise(resolve => stream.addEventListener('close', resolve))
  return { stream, frames: await accepted.promise, closed }
}

const readAll = async (frames: FrameStream) => {
  const read: string[] = []
  try {
    for (;;) {
      const frame = await frames.read(signal)
      if (frame === undefined) return { read, code: undefined }
      read.push(frame.cmd)
    }
  } catch (thrown) {
    return { read, code: (thrown as { code: string }).code }
  }
}
const frameOf = (bytes: number) => encodeFrame('some', new Uint8Array(bytes))

describe('frames on a stream', () => {
  it('come out whole and in order, then the end', async () => {
    const { stream, frames } = await open(100)
    stream.send(concatBytes(encodeFrame('one', new Uint8Array(3)), encodeFrame('two', new Uint8Array(100))))
    await stream.close()
    expect(await readAll(frames)).toEqual({ read: ['one', 'two'], code: undefined })
  })

  it.each([
    ['more frames', frameOf(1), 4, 400],
    ['more bytes', frameOf(50), 100, 200],
  ] as const)('end with a peer that sends %s than are read', async (_, frame, count, bytes) => {
    const { stream, frames, closed } = await open(100, count, bytes)
    stream.send(concatBytes(...Array.from({ length: 5 }, () => frame)))
    await closed
    expect(await readAll(frames)).toMatchObject({ code: 'rate-limited' })
  })

  it('are let in as long as they are read', async () => {
    const { stream, frames } = await open(100, 100, 200)
    for (let i = 0; i < 20; i++) {
      stream.send(frameOf(90))
      expect(await frames.read(signal)).toMatchObject({ cmd: 'some' })
    }
  })

  it.each([
    ['one that is too long', frameOf(101), 'frame-too-long'],
    ['bytes that are none', new Uint8Array(64).fill(255), 'frame-malformed'],
  ])('end at %s', async (_, bytes, code) => {
    const { stream, frames, closed } = await open(100)
    stream.send(bytes)
    await closed
    expect(await readAll(frames)).toEqual({ read: [], code })
  })

  it('are no frames where the stream ends in the middle of one', async () => {
    const { stream, frames } = await open(100)
    stream.send(frameOf(50).subarray(0, 40))
    await stream.close()
    expect(await readAll(frames)).toEqual({ read: [], code: 'frame-malformed' })
  })

  it('tell of a part of one that came', async () => {
    const { stream, frames } = await open(100)
    const heard = Promise.withResolvers<void>()
    const reading = frames.read(signal, heard.resolve)
    const bytes = frameOf(50)
    stream.send(bytes.subarray(0, 40))
    await heard.promise
    stream.send(bytes.subarray(40))
    expect(await reading).toMatchObject({ cmd: 'some' })
  })
})
