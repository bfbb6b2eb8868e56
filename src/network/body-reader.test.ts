import { describe, expect, it } from 'vitest'
import { readBody } from './body-reader.ts'

const pieces = [new Uint8Array([1, 2, 3]), new Uint8Array([4]), new Uint8Array([5, 6, 7, 8, 9])]

type Kind = 'bytes' | 'default'

function bodyOf(kind: Kind, given = pieces): ReadableStream<Uint8Array<ArrayBuffer>> {
  const queue = given.map(piece => piece.slice())
  const source = {
    pull(controller: {
      enqueue(piece: Uint8Array<ArrayBuffer>): void
      close(): void
      byobRequest?: unknown
    }) {
      const next = queue.shift()
      if (next === undefined) {
        controller.close()
        const request = controller.byobRequest
        if (request instanceof ReadableStreamBYOBRequest) request.respond(0)
      } else controller.enqueue(next)
    },
  }
  return kind === 'bytes' ? new ReadableStream({ ...source, type: 'bytes' }) : new ReadableStream(source)
}

describe.each(['bytes', 'default'] as const)('a body read from a %s stream', kind => {
  it('comes in the sizes asked, whatever the pieces were', async () => {
    const reader = readBody(bodyOf(kind))
    const first = await reader.fill(new ArrayBuffer(16), 5)
    expect(first && [...new Uint8Array(first, 0, 5)]).toEqual([1, 2, 3, 4, 5])
    const second = first && (await reader.fill(first, 4))
    expect(second && [...new Uint8Array(second, 0, 4)]).toEqual([6, 7, 8, 9])
    expect(await reader.atEnd()).toBe(true)
  })

  it('tells of what arrives on a slow line before a whole leaf is there', async () => {
    const slow = Array.from({ length: 32 }, (_, index) => new Uint8Array(8_192).fill(index))
    let arrivals = 0
    const leaf = await readBody(bodyOf(kind, slow)).fill(new ArrayBuffer(262_144), 262_144, () => arrivals++)
    expect(arrivals).toBeGreaterThanOrEqual(4)
    expect(leaf && new Uint8Array(leaf)[262_143]).toBe(31)
  })

  it('tells a body that ended too soon', async () => {
    expect(await readBody(bodyOf(kind)).fill(new ArrayBuffer(16), 10)).toBeUndefined()
  })

  it('tells a body that goes on too long', async () => {
    const reader = readBody(bodyOf(kind))
    await reader.fill(new ArrayBuffer(16), 8)
    expect(await reader.atEnd()).toBe(false)
    await reader.cancel()
  })
})
