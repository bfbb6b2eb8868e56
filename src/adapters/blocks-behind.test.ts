import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { describeBlocks } from './blocks.compliance.ts'
import { openGatewayBlocks } from './blocks-gateway.ts'
import { createMemoryBlocks } from './blocks-memory.ts'
import { openS3Blocks } from './blocks-s3.ts'
import { startS3Server } from './s3-server.stage.ts'

const cidOf = (bytes: Uint8Array): Cid => cidFromDigest('raw', createHash('sha256').update(bytes).digest())
const three = Uint8Array.of(1, 2, 3)
const block = cidOf(three)
const region = 'eu-test-1'
const bucket = 'films'

const s3 = await startS3Server(bucket, region)
afterAll(() => s3.stop())
const openS3 = (prefix = '', place = {}, credentials = {}) =>
  openS3Blocks(
    { endpoint: s3.endpoint, bucket, prefix, region, ...place },
    { ...s3.credentials, ...credentials },
  )

let counter = 0
describeBlocks('a bucket', () => openS3(`${counter++}/`))

describe('blocks in a bucket', () => {
  beforeAll(() => {
    s3.objects.clear()
  })

  it('are objects named by their CIDs, below what the bucket is told to begin them with', async () => {
    await openS3('paratii/films/').put(block, three)
    expect([...s3.objects]).toEqual([[`paratii/films/${block}`, Buffer.from(three)]])
    expect(await openS3().has(block)).toBe(false)
  })

  it('are got again from a store that is busy, or was cut off', async () => {
    const blocks = openS3()
    s3.troubles.push('busy')
    await blocks.put(block, three)
    s3.troubles.push('busy', 'cut')
    expect(await blocks.get(block)).toEqual(three)
  })

  it('are refused when the store has other bytes', async () => {
    const blocks = openS3()
    await blocks.put(block, three)
    s3.troubles.push('wrong')
    await expect(blocks.get(block)).rejects.toMatchObject({
      code: 'store-failed',
      details: { reason: 'wrong bytes' },
    })
  })

  it('are not stored where bytes and name disagree: the store itself looks', async () => {
    await expect(openS3('odd/').put(block, Uint8Array.of(9))).rejects.toMatchObject({
      code: 'store-failed',
      details: { status: 403 },
    })
    expect(s3.refusals.pop()).toBe('XAmzContentSHA256Mismatch')
  })

  it.each([
    ['a wrong secret', {}, { secretAccessKey: 'another' }, 'SignatureDoesNotMatch'],
    ['an unknown key', {}, { accessKeyId: 'another' }, 'InvalidAccessKeyId'],
    ['another region', { region: 'us-test-1' }, {}, 'AuthorizationHeaderMalformed'],
  ])('are had by nobody with %s', async (_, place, credentials, refusal) => {
    await expect(openS3('', place, credentials).get(block)).rejects.toMatchObject({
      code: 'store-failed',
      details: { status: 403 },
    })
    expect(s3.refusals.pop()).toBe(refusal)
  })

  it('fail where there is no such bucket, or nobody', async () => {
    await expect(openS3('', { bucket: 'absent' }).put(block, three)).rejects.toMatchObject({
      code: 'store-failed',
    })
    await expect(openS3('', { endpoint: 'http://127.0.0.1:1' }).get(block)).rejects.toMatchObject({
      code: 'store-failed',
    })
  })
})

describe('blocks behind a gateway', () => {
  let answer: { status: number; bytes: Uint8Array } = { status: 404, bytes: new Uint8Array() }
  let asked: string[] = []
  const gateway = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.accept}`)
    response.writeHead(answer.status)
    response.end(request.method === 'HEAD' ? undefined : answer.bytes)
  })
  let url: string
  beforeAll(async () => {
    await new Promise<void>(resolve => gateway.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise(resolve => gateway.close(resolve)))
  const answerWith = (status: number, bytes: Uint8Array) => {
    answer = { status, bytes }
    asked = []
  }

  it('are asked for by the protocol of gateways, once, when there is no own one', async () => {
    answerWith(200, three)
    const own = createMemoryBlocks()
    const blocks = openGatewayBlocks(url, own)
    expect(await blocks.has(block)).toBe(true)
    expect(await blocks.get(block)).toEqual(three)
    const line = `/ipfs/${block}?format=raw application/vnd.ipld.raw`
    expect(asked).toEqual([`HEAD ${line}`, `GET ${line}`])
    await blocks.put(block, three)
    expect(await own.has(block)).toBe(true)
    expect([await blocks.has(block), await blocks.get(block)]).toEqual([true, three])
    expect(asked.length).toBe(2)
  })

  it('are refused when they are others, or too long', async () => {
    const blocks = openGatewayBlocks(url, createMemoryBlocks())
    for (const [bytes, reason] of [
      [Uint8Array.of(1, 2, 4), 'wrong bytes'],
      [new Uint8Array(5_000_000), 'block too long'],
    ] as const) {
      answerWith(200, bytes)
      await expect(blocks.get(block)).rejects.toMatchObject({ code: 'store-failed', details: { reason } })
    }
  })

  it('are absent where it does not give them, and a failure where it does not understand', async () => {
    const blocks = openGatewayBlocks(url, createMemoryBlocks())
    answerWith(404, three)
    expect([await blocks.get(block), await blocks.has(block)]).toEqual([undefined, false])
    answerWith(402, three)
    expect([await blocks.get(block), await blocks.has(block)]).toEqual([undefined, false])
    answerWith(400, three)
    await expect(blocks.get(block)).rejects.toMatchObject({ code: 'store-failed', details: { status: 400 } })
  })

  describe('keep to the rules of blocks', () => {
    describeBlocks('a store of our own before a gateway that has nothing', () => {
      answerWith(404, new Uint8Array())
      return openGatewayBlocks(url, createMemoryBlocks())
    })
  })
})
