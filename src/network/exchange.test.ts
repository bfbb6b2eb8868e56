import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Leaf } from '#media/dag.ts'
import { leafBytes } from '#media/limits.ts'
import { encodeBlockData, maxBlockDataBytes } from '#protocol/block-data.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { encodeExchange, type Payment, type ViewerInit } from '#protocol/exchange.ts'
import type {
  Address,
  Cid,
  FormatName,
  Hash,
  Hex,
  PublicKey,
  PurchaseNonce,
  Signature,
  VideoId,
} from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { BufferPool } from './buffer-pool.ts'
import { type Exchange, exchangeProtocol, openExchange } from './exchange-client.ts'
import { type ExchangeAccount, type ExchangeHost, serveExchange } from './exchange-server.ts'
import { frameStream } from './frame-stream.ts'
import { fetchLeaves } from './leaf-fetch.ts'
import type { LeafFeed } from './leaf-sender.ts'
import type { MessageNode } from './message-node.ts'
import { createMessageNode } from './node.ts'

const filled = <T extends Hex>(length: number, byte = 1): T =>
  hexFromBytes(new Uint8Array(length).fill(byte)) as T
const hostKey = filled<PublicKey>(33, 2)
const greeting = { nonce: filled<Hash>(32, 7), key: hostKey }
const introduction: ViewerInit = {
  leaf: 0,
  proof: filled<Signature>(64),
  order: {
    id: filled<VideoId>(32),
    format: 'cmaf' as FormatName,
    buyer: filled<Address>(20),
    terms: {
      id: filled<VideoId>(32),
      format: 'cmaf' as FormatName,
      root: filled<Hash>(32),
      price: 10n ** 18n,
      fee: 5n,
      ttl: 3600,
      size: 1000,
      owner: filled<Address>(20),
      affiliateBps: 0,
      avatarBps: 0,
    },
    capacity: 1000,
    allotments: filled<Hash>(32),
    depth: 0,
    leaves: [{ index: 0, payee: filled<Address>(20), payout: filled<Address>(20), cap: 1000, key: hostKey }],
    affiliate: filled<Address>(20, 0),
    relayFee: 0n,
    validUntil: 2_000_000_000,
    salt: filled<Hash>(32),
    chainId: 31337,
    store: filled<Address>(20),
    payment: 'authorization',
    wallet_signature: filled<Signature>(64),
    IPFS_signature: filled<Signature>(64),
  },
}
const paymentOf = (bytes: number): Payment => ({
  receipt: {
    nonce: filled<PurchaseNonce>(32),
    owner: hostKey,
    leaf: 0,
    bytes,
    hash: filled<Hash>(32),
    key: hostKey,
    buyer_signature: filled<Signature>(64),
  },
  blocks: [cidFromDigest('raw', new Uint8Array(32))],
})

let host: MessageNode
let viewer: MessageNode
beforeEach(async () => {
  host = await createMessageNode({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  viewer = await createMessageNode()
})
afterEach(async () => {
  await Promise.all([host.stop(), viewer.stop()])
})

const account = (part: Partial<ExchangeAccount> = {}): ExchangeAccount => ({
  ack: { fee: 5n, credit: 1_048_576, http: '/ip4/127.0.0.1/tcp/1/http' },
  pay: async ({ receipt }) => ({ bytes: receipt.bytes, credit: 2_097_152 }),
  open: () => Promise.reject(new ParatiiError('block-absent')),
  watch() {},
  ...part,
})
const serve = (part: Partial<ExchangeHost> = {}) =>
  serveExchange(host, { greet: () => greeting, open: async () => account(), ...part })
const open = async (onRequest?: (outstanding: number) => void) =>
  openExchange({
    stream: await viewer.dialProtocol(host.getMultiaddrs(), exchangeProtocol),
    host: hostKey,
    introduce: () => introduction,
    ...(onRequest === undefined ? {} : { onRequest }),
    signal: new AbortController().signal,
  })

describe('the paid exchange', () => {
  it('carries the order there, and acknowledged receipts one after the other', async () => {
    let seen: ViewerInit | undefined
    await serve({
      async open(init) {
        seen = init
        return account()
      },
    })
    const exchange = await open()
    expect(seen).toEqual(introduction)
    expect(exchange.ack.credit).toBe(1_048_576)
    const acks = await Promise.all([100, 200, 300].map(bytes => exchange.pay(paymentOf(bytes))))
    expect(acks.map(ack => ack.bytes)).toEqual([100, 200, 300])
    await exchange.close()
    await expect(exchange.pay(paymentOf(400))).rejects.toBeInstanceOf(ParatiiError)
  })

  it('tells the viewer why it is refused', async () => {
    await serve({ open: () => Promise.reject(new ParatiiError('purchase-unknown')) })
    await expect(open()).rejects.toMatchObject({ code: 'purchase-unknown' })
  })

  it('ends at a receipt that is refused, with its code', async () => {
    await serve({
      open: async () => account({ pay: () => Promise.reject(new ParatiiError('receipt-goes-down')) }),
    })
    const exchange = await open()
    await expect(exchange.pay(paymentOf(1))).rejects.toMatchObject({ code: 'receipt-goes-down' })
    expect(await exchange.ended).toMatchObject({ code: 'receipt-goes-down' })
  })

  it('passes on that the host waits for a receipt', async () => {
    await serve({ open: async () => account({ watch: tell => tell(777) }) })
    const asked = Promise.withResolvers<number>()
    const exchange = await open(asked.resolve)
    expect(await asked.promise).toBe(777)
    await exchange.close()
  })

  it('talks with no other host than the one meant', async () => {
    await serve({ greet: () => ({ ...greeting, key: filled<PublicKey>(33, 3) }) })
    await expect(open()).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  it('ends when the host stops', async () => {
    const stop = await serve()
    const exchange = await open()
    await stop()
    expect(await exchange.ended).toMatchObject({ code: 'stopping' })
  })

  it('drops a peer whose frames make no sense', async () => {
    await serve()
    const stream = await viewer.dialProtocol(host.getMultiaddrs(), exchangeProtocol)
    const closed = new Promise(resolve => stream.addEventListener('close', resolve))
    stream.send(new Uint8Array(64).fill(0xff))
    await closed
    expect(stream.status).not.toBe('open')
  })
})

describe('bytes on the exchange', () => {
  const contents = [1, 2, 3].map(n => new Uint8Array(n === 3 ? 1000 : leafBytes).fill(n))
  const leaves = contents.map(
    (bytes, index): Leaf => ({
      cid: cidFromDigest('raw', createHash('sha256').update(bytes).digest()),
      size: bytes.length,
      index,
    }),
  )
  const cids = leaves.map(leaf => leaf.cid)
  const feedOf = (sent: readonly Uint8Array[], part: Partial<LeafFeed> = {}): LeafFeed => ({
    count: sent.length,
    byteLength: 0,
    admit: () => true,
    opened: () => Promise.resolve(),
    read: async at => sent[at] ?? new Uint8Array(0),
    close() {},
    ...part,
  })
  const signal = new AbortController().signal
  const fetchOn = async (exchange: Exchange, turn = signal) => {
    const arrived: Uint8Array[] = []
    const failure = await fetchLeaves({
      open: async asked => exchange.getData(cids, asked),
      leaves,
      pool: new BufferPool(leafBytes, 4),
      signal: turn,
      onLeaf: (_, bytes) => void arrived.push(bytes.slice()),
    }).catch((error: unknown) => error)
    return { arrived, failure }
  }

  it('come in order and checked, one request after the other, while receipts go beside them', async () => {
    const asked: (readonly Cid[])[] = []
    let paid = 0
    const pay = async ({ receipt }: Payment) => {
      paid = receipt.bytes
      return { bytes: paid, credit: 1 }
    }
    const opened = () => expect.poll(() => paid).toBeGreaterThan(0) as unknown as Promise<void>
    await serve({
      open: async () =>
        account({
          pay,
          open: async blocks => {
            asked.push(blocks)
            return feedOf(contents, { admit: at => at === 0 || paid > 0, opened })
          },
        }),
    })
    const exchange = await open()
    const fetching = fetchOn(exchange)
    await exchange.pay(paymentOf(leafBytes))
    expect(await fetching).toEqual({ arrived: contents, failure: undefined })
    expect(await fetchOn(exchange)).toEqual({ arrived: contents, failure: undefined })
    expect(asked).toEqual([cids, cids])
    await exchange.close()
  })

  it.each([
    ['wrong bytes', [contents[0], new Uint8Array(leafBytes).fill(9), contents[2]], 1],
    ['a leaf cut short', [contents[0], contents[1]?.subarray(1), contents[2]], 1],
    ['a leaf that is too long', [contents[0], contents[1], new Uint8Array(1001).fill(3)], 2],
  ])('are taken no further than %s', async (_, sent, good) => {
    await serve({
      open: async () => account({ open: async () => feedOf(sent.map(bytes => bytes ?? new Uint8Array(0))) }),
    })
    const { arrived, failure } = await fetchOn(await open())
    expect(failure).toMatchObject({ code: 'block-mismatch' })
    expect(arrived).toEqual(contents.slice(0, good))
  })

  it.each([
    [
      'another block than the one asked for',
      'data',
      encodeBlockData({ cid: cidFromDigest('raw', new Uint8Array(32)), bytes: new Uint8Array(9) }),
      'block-mismatch',
    ],
    ['a block without its CID', 'data', new Uint8Array(20), 'message-malformed'],
    ['a frame longer than a block', 'data', new Uint8Array(maxBlockDataBytes + 1), 'frame-too-long'],
  ])('end at %s', async (_, cmd, data, code) => {
    await serve({
      open: async () =>
        account({ open: async () => feedOf(contents, { read: () => new Promise(() => {}) }) }),
    })
    const inject = Promise.withResolvers<void>()
    await host.unhandle(exchangeProtocol)
    await host.handle(exchangeProtocol, async stream => {
      const frames = frameStream(stream, 98_304)
      await frames.write('init', encodeExchange(greeting), signal)
      await frames.read(signal)
      await frames.write('initack', encodeExchange({ fee: 5n, credit: 1 }), signal)
      await frames.read(signal)
      await frames.write(cmd, data, signal)
      inject.resolve()
    })
    const fetching = fetchOn(await open())
    await inject.promise
    expect(await fetching).toMatchObject({ arrived: [], failure: { code } })
  })

  it('end with the code that the host refuses with', async () => {
    const refuse = () => Promise.reject(new ParatiiError('payment-required'))
    await serve({
      open: async () =>
        account({ open: async () => feedOf(contents, { admit: () => false, opened: refuse }) }),
    })
    const exchange = await open()
    expect(await fetchOn(exchange)).toMatchObject({ arrived: [], failure: { code: 'payment-required' } })
    expect(await exchange.ended).toMatchObject({ code: 'payment-required' })
  })

  it('stop when their reader goes away, which tells the host how many left', async () => {
    const closed = Promise.withResolvers<[number, boolean]>()
    const waits = Promise.withResolvers<void>()
    const opened = (asked: AbortSignal) => {
      waits.resolve()
      return new Promise<void>((_, reject) => asked.addEventListener('abort', () => reject(asked.reason)))
    }
    const close = (sent: number, isWhole: boolean) => closed.resolve([sent, isWhole])
    await serve({
      open: async () =>
        account({ open: async () => feedOf(contents, { admit: at => at < 1, opened, close }) }),
    })
    const stop = new AbortController()
    const fetching = fetchOn(await open(), stop.signal)
    await waits.promise
    stop.abort()
    expect(await fetching).toMatchObject({ failure: { code: 'aborted' } })
    expect(await closed.promise).toEqual([1, false])
  })

  it('are not asked for without end on one stream', async () => {
    await serve({
      open: async () =>
        account({
          open: async () => feedOf(contents, { admit: () => false, opened: () => new Promise(() => {}) }),
        }),
    })
    const exchange = await open()
    for (let i = 0; i < 5; i++) exchange.getData(cids, signal)
    expect(await exchange.ended).toMatchObject({ code: 'rate-limited' })
  })
})
