import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import type { Payment, ViewerInit } from '#protocol/exchange.ts'
import type {
  Address,
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
import { exchangeProtocol, openExchange } from './exchange-client.ts'
import { type ExchangeAccount, type ExchangeHost, serveExchange } from './exchange-server.ts'
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
