import { describe, expect, it } from 'vitest'
import type { PurchaseNonce } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { resolveRange } from './byte-range.ts'
import { createStreamHandler } from './stream-handler.ts'

const purchase = `0x${'ab'.repeat(32)}` as PurchaseNonce
const file = Uint8Array.from({ length: 100 }, (_, i) => i)

/** A handler over one file of 100 bytes, for the client `player`. */
function createHandler(failure?: ErrorCode) {
  const opened: string[] = []
  const handler = createStreamHandler({
    allows: async (clientId, asked) => clientId === 'player' && asked === purchase,
    async open(_, path, range) {
      opened.push(path)
      if (failure !== undefined) throw new ParatiiError(failure)
      const part = resolveRange(range, file.length)
      if (part === undefined) throw new ParatiiError('range-invalid', { size: file.length })
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(file.subarray(part.start, part.end))
          controller.close()
        },
      })
      return { head: { type: 'head', size: file.length, contentType: 'video/mp4', ...part }, body }
    },
  })
  const get = (path: string, init: RequestInit = {}, clientId = 'player') => {
    const request = new Request(`https://extension${path}`, init)
    return handler.handle({ request, url: new URL(request.url), clientId })
  }
  return { handler, get, opened }
}
const target = `/stream/${purchase}/v720/1.m4s`

describe('a request for a part of a bought video', () => {
  it('is taken when it is for the stream, and left to the browser otherwise', () => {
    const { handler } = createHandler()
    const asked = (path: string) => {
      const request = new Request(`https://extension${path}`)
      return handler.canHandle({ request, url: new URL(request.url), clientId: '' })
    }
    expect([asked(target), asked('/tabs/player.html'), asked('/streams')]).toEqual([true, false, false])
  })

  it('gets the whole file, or with a range that part and where it lies', async () => {
    const { get } = createHandler()
    const whole = await get(target)
    expect([whole.status, whole.headers.get('content-length')]).toEqual([200, '100'])
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(file)
    const part = await get(target, { headers: { range: 'bytes=10-19' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/100'])
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(file.subarray(10, 20))
  })

  it('gets the head alone when it asks for no more', async () => {
    const { get } = createHandler()
    const head = await get(target, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), (await head.arrayBuffer()).byteLength]).toEqual([
      200,
      'video/mp4',
      0,
    ])
  })

  it('is refused to any client but the player of that purchase, before the node hears of it', async () => {
    const { get, opened } = createHandler()
    expect((await get(target, {}, 'another')).status).toBe(403)
    expect((await get(`/stream/0x${'cd'.repeat(32)}/manifest.mpd`)).status).toBe(403)
    expect(opened).toEqual([])
  })

  it.each([
    `/stream/${purchase}`,
    `/stream/${purchase}/`,
    `/stream/${purchase}/.hidden`,
    `/stream/${purchase}/a%2f..%2fb`,
    `/stream/${purchase}/a//b`,
    '/stream/0x12/manifest.mpd',
    '/stream/',
  ])('is refused when it makes no sense: %s', async path => {
    const { get, opened } = createHandler()
    expect((await get(path)).status).toBe(400)
    expect(opened).toEqual([])
  })

  it('changes nothing', async () => {
    const { get } = createHandler()
    expect((await get(target, { method: 'POST', body: 'x' })).status).toBe(405)
  })

  it.each([
    ['wallet-locked', 401],
    ['path-unknown', 404],
    ['purchase-unknown', 404],
    ['purchase-ended', 410],
    ['no-hosts', 503],
    ['chain-unreachable', 503],
    ['stopping', 503],
  ] as const)('says what went wrong: %s is %i', async (code, status) => {
    const response = await createHandler(code).get(target)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
  })

  it('gets no part that is not there', async () => {
    const response = await createHandler().get(target, { headers: { range: 'bytes=100-' } })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */100'])
  })
})
