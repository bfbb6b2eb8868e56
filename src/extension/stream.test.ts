import { afterEach, describe, expect, it } from 'vitest'
import { streamBufferLength, streamCredit } from '#bridge/stream.ts'
import { ParatiiError } from '#std/error.ts'
import { openStream } from './stream-reader.ts'
import { sendStream } from './stream-sender.ts'

const opened: MessagePort[] = []
const connect = () => {
  const { port1, port2 } = new MessageChannel()
  opened.push(port1, port2)
  return [port1, port2] as const
}
afterEach(() => {
  for (const port of opened.splice(0)) port.close()
})

/** `parts` arrays of `length` bytes, counting upwards through the whole; `taken` says how many were asked for. */
function countUp(parts: number, length: number) {
  const source = { taken: 0, finished: false, body: generate() }
  async function* generate() {
    try {
      for (let part = 0; part < parts; part++) {
        source.taken = part + 1
        yield Uint8Array.from({ length }, (_, i) => (part * length + i) % 251)
      }
    } finally {
      source.finished = true
    }
  }
  return source
}
const alive = new AbortController().signal
const headOf = (size: number) => ({ size, start: 0, end: size, contentType: 'video/mp4', recycle() {} })

describe('a stream between node and reader', () => {
  it('carries every byte in order, whatever the sizes it comes in', async () => {
    const [near, far] = connect()
    const source = countUp(40, 65_537)
    void sendStream(far, alive, async () => ({ ...headOf(40 * 65_537), body: source.body }))
    const { head, body } = await openStream(near, alive)
    expect(head).toMatchObject({ size: 40 * 65_537, contentType: 'video/mp4' })
    let at = 0
    for await (const part of body) {
      for (const byte of [part[0], part[part.length - 1]]) expect(byte).toBeTypeOf('number')
      expect(part[0]).toBe(at % 251)
      at += part.length
      expect(part[part.length - 1]).toBe((at - 1) % 251)
    }
    expect(at).toBe(40 * 65_537)
  })

  it('stops reading its source when the reader stalls', async () => {
    const [near, far] = connect()
    const source = countUp(64, streamBufferLength)
    void sendStream(far, alive, async () => ({ ...headOf(64 * streamBufferLength), body: source.body }))
    const { body } = await openStream(near, alive)
    const reader = body.getReader()
    await reader.read()
    // All that was granted, and nothing more is even asked for.
    await expect.poll(() => source.taken).toBe(streamCredit)
    await new Promise(resolve => setImmediate(resolve))
    expect(source.taken).toBe(streamCredit)
    await reader.cancel()
    await expect.poll(() => source.finished).toBe(true)
  })

  it('fails before its head with what its source threw', async () => {
    const [near, far] = connect()
    void sendStream(far, alive, async () => {
      throw new ParatiiError('path-unknown')
    })
    await expect(openStream(near, alive)).rejects.toMatchObject({ code: 'path-unknown' })
  })

  it('fails after its head where its source fails', async () => {
    const [near, far] = connect()
    async function* body() {
      yield Uint8Array.of(1)
      throw new ParatiiError('no-hosts')
    }
    void sendStream(far, alive, async () => ({ ...headOf(2), body: body() }))
    const { body: read } = await openStream(near, alive)
    await expect(new Response(read).arrayBuffer()).rejects.toMatchObject({ code: 'no-hosts' })
  })

  it('ends its source when the reader dies, and its reader when the node dies', async () => {
    const [near, far] = connect()
    const source = countUp(64, streamBufferLength)
    void sendStream(far, alive, async () => ({ ...headOf(64 * streamBufferLength), body: source.body }))
    const { body } = await openStream(near, alive)
    await body.getReader().read()
    near.close()
    await expect.poll(() => source.finished).toBe(true)

    // Whose context was destroyed closes no port; something else tells of it.
    const ended = new AbortController()
    const [here, there] = connect()
    const other = countUp(64, streamBufferLength)
    void sendStream(there, ended.signal, async () => ({
      ...headOf(64 * streamBufferLength),
      body: other.body,
    }))
    const stalled = await openStream(here, ended.signal)
    const stalledReader = stalled.body.getReader()
    for (let part = 0; part < streamCredit; part++) await stalledReader.read()
    ended.abort()
    await expect.poll(() => other.finished).toBe(true)
    await expect(
      (async () => {
        while (!(await stalledReader.read()).done);
      })(),
    ).rejects.toMatchObject({ code: 'stopping' })

    const [reader, node] = connect()
    const waiting = openStream(reader, alive)
    node.close()
    await expect(waiting).rejects.toMatchObject({ code: 'stopping' })
  })
})
