import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import type { Leaf } from '#media/dag.ts'
import { leafBytes } from '#media/limits.ts'
import { dataPlaneUrls, messageAddresses } from '#network/address.ts'
import { exchangeProtocol, openExchange } from '#network/exchange-client.ts'
import { rangesOfIndices } from '#network/leaf-request.ts'
import { leastCreditBytes } from '#payments/credit-window.ts'
import { signBlockTarget } from '#protocol/block-request.ts'
import { maxGetData, signInitProof } from '#protocol/exchange.ts'
import { extendDigest, firstDigest, type ReceiptDraft, signReceipt } from '#protocol/receipt.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { recordOf } from '#roles/viewer/ordering.ts'
import { findVideo } from '#roles/viewer/quoting.ts'
import type { PublicKey } from '#std/brand.ts'
import { actorOf, cmaf } from './chain-fixture.ts'
import { forever, longFilmFiles, openTheatre, type Stage, signOrder, startStage } from './stage.ts'

const mebibyte = 1_048_576
/** What a host loses at most to a viewer that has paid nothing: credit, one block, and what is written off. */
const mostLostBytes = leastCreditBytes + leafBytes + mebibyte

/** A viewer that has bought, and then does with its one host's exchange and data plane as it likes. */
const openCheat = async (stage: Stage) => {
  const theatre = await openTheatre(stage, [{}], longFilmFiles())
  const { viewer, video } = theatre
  const shared = { reader: stage.reader, crypto: cryptoNoble, chainId: stage.chain.chainId }
  const clock = { nowMs: () => Date.now(), sleep: async () => {} }
  const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
  const ports = { ...shared, clock, random, node: viewer.node, ...viewer.home }
  const { quote, head } = await findVideo(ports, video.id, cmaf, forever)
  const [host] = quote.hosts
  if (host === undefined) throw new Error('a quote without a host')
  // Bought past the viewer's role, which would pay as it should.
  const { order, nodeKey } = signOrder(viewer, quote)
  await theatre.publisher.writer.submitOrder(order)
  const { nonce } = recordOf(ports, quote, order, nodeKey)
  // The free head's leaves cost nobody a credit.
  const leaves = head.directory.leaves.filter(({ index }) => !head.leaves.has(index))
  const waiting = { outstandingBytes: 0, tell: () => {} }
  const introduce = async (onRequest: (outstandingBytes: number) => void) =>
    openExchange({
      stream: await viewer.node.dialProtocol(
        messageAddresses(host.addresses).map(address => multiaddr(address)),
        exchangeProtocol,
      ),
      host: host.key,
      introduce: init => ({ order, leaf: 0, proof: signInitProof(cryptoNoble, init, nonce, nodeKey) }),
      onRequest,
      signal: forever,
    })
  const exchange = await introduce(outstandingBytes => {
    waiting.outstandingBytes = outstandingBytes
    waiting.tell()
  })
  const [base] = dataPlaneUrls(host.addresses)
  let counter = 1_000_000
  const draft: Omit<ReceiptDraft, 'bytes' | 'hash'> = {
    nonce,
    owner: video.node as PublicKey,
    leaf: 0,
    key: host.key,
  }
  return {
    ...theatre,
    leaves,
    nonce,
    exchange,
    waiting,
    /** Asks for leaves and reads until the host asks to be paid, or has sent all; then goes away. Bytes that came. */
    async take(asked: readonly Leaf[]): Promise<number> {
      const gone = new AbortController()
      const target = signBlockTarget(
        cryptoNoble,
        {
          root: cidFromRoot(order.terms.root),
          leaves: rangesOfIndices(asked.map(({ index }) => index)),
          purchase: nonce,
          time: Date.now(),
          counter: counter++,
        },
        host.key,
        nodeKey,
      )
      const isAsked = new Promise<void>(resolve => {
        waiting.tell = resolve
      })
      const response = await Promise.race([
        fetch(`${base}${target}`, { signal: gone.signal }).catch(() => undefined),
        isAsked.then(() => undefined),
      ])
      let bytes = 0
      const read = (async () => {
        for await (const piece of response?.body ?? []) bytes += piece.length
      })().catch(() => {})
      await Promise.race([read, isAsked])
      gone.abort()
      await read
      return bytes
    },
    /** The same by a stream of its own, which it breaks off. */
    async takeByStream(asked: readonly Leaf[]): Promise<number> {
      const isAsked = Promise.withResolvers<void>()
      const stream = await introduce(() => isAsked.resolve())
      const gone = new AbortController()
      const some = asked.slice(0, maxGetData)
      const body = stream.getData(
        some.map(({ cid }) => cid),
        gone.signal,
      )
      let bytes = 0
      const read = (async () => {
        for (const { size } of some) {
          await body.fill(new ArrayBuffer(leafBytes), size)
          bytes += size
        }
      })().catch(() => {})
      await Promise.race([read, isAsked.promise])
      gone.abort()
      await read
      await body.cancel()
      return bytes
    },
    /** A receipt for so many of the leaves, from the first, by this key or the purchase's own. */
    receiptFor(count: number, change: Partial<ReceiptDraft> = {}, key = nodeKey) {
      const blocks = leaves.slice(0, count).map(({ cid }) => cid)
      const bytes = leaves.slice(0, count).reduce((sum, { size }) => sum + size, 0)
      const whole = { ...draft, bytes, hash: extendDigest(firstDigest(nonce), blocks), ...change }
      const domain = paratiiDomain(order.chainId, order.store)
      return { receipt: signReceipt(cryptoNoble, domain, whole, key), blocks }
    },
  }
}

describe('a host loses no more than its window to a viewer that', () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await startStage()
  })
  afterEach(() => stage.close())

  it('never pays, however often it asks and goes away', async () => {
    const cheat = await openCheat(stage)
    let lostBytes = 0
    for (let round = 0; round < 8; round++) lostBytes += await cheat.take(cheat.leaves.slice(round * 4))
    expect(lostBytes).toBeGreaterThan(0)
    expect(lostBytes).toBeLessThanOrEqual(mostLostBytes)
    expect(cheat.waiting.outstandingBytes).toBeLessThanOrEqual(leastCreditBytes + leafBytes)
    await cheat.exchange.close()
    await cheat.hosts[0]?.stop()
    expect(await stage.reader.paidBytes(cheat.nonce, 0)).toBe(0)
  })

  it('never pays, by however many streams it asks', async () => {
    const cheat = await openCheat(stage)
    let lostBytes = 0
    for (let round = 0; round < 4; round++) {
      const taken = [0, 1, 2].map(at => cheat.takeByStream(cheat.leaves.slice((3 * round + at) * 3)))
      lostBytes += (await Promise.all(taken)).reduce((sum, bytes) => sum + bytes, 0)
    }
    expect(lostBytes).toBeGreaterThan(0)
    expect(lostBytes).toBeLessThanOrEqual(mostLostBytes)
    expect(cheat.waiting.outstandingBytes).toBeLessThanOrEqual(leastCreditBytes + leafBytes)
    await cheat.exchange.close()
    await cheat.hosts[0]?.stop()
    expect(await stage.reader.paidBytes(cheat.nonce, 0)).toBe(0)
  })

  it('pays late: it gets on when it has paid, and not before', async () => {
    const cheat = await openCheat(stage)
    const before = await cheat.take(cheat.leaves)
    expect(before).toBeLessThanOrEqual(mostLostBytes)
    const paid = cheat.receiptFor(4)
    const { bytes, credit } = await cheat.exchange.pay(paid)
    expect(bytes).toBe(paid.receipt.bytes)
    expect(credit).toBe(leastCreditBytes + bytes)
    const after = await cheat.take(cheat.leaves.slice(4))
    expect(after).toBeGreaterThan(0)
    expect(before + after - bytes).toBeLessThanOrEqual(mostLostBytes + credit - leastCreditBytes)
    await cheat.exchange.close()
    await cheat.hosts[0]?.stop()
    expect(await stage.reader.paidBytes(cheat.nonce, 0)).toBe(bytes)
  })

  it('goes back to an older receipt: the newest stays the one that counts', async () => {
    const cheat = await openCheat(stage)
    await cheat.take(cheat.leaves)
    await cheat.exchange.pay(cheat.receiptFor(2))
    await cheat.exchange.pay({
      ...cheat.receiptFor(4),
      blocks: cheat.leaves.slice(2, 4).map(({ cid }) => cid),
    })
    await expect(cheat.exchange.pay(cheat.receiptFor(2))).rejects.toMatchObject({ code: 'receipt-goes-down' })
    await cheat.hosts[0]?.stop()
    expect(await stage.reader.paidBytes(cheat.nonce, 0)).toBe(cheat.receiptFor(4).receipt.bytes)
  })

  it.each([
    ['another purchase', { nonce: `0x${'77'.repeat(32)}` as ReceiptDraft['nonce'] }],
    ['another host', { key: actorOf('somebody').publicKey }],
    ['another allotment', { leaf: 1 }],
  ])('pays with a receipt of %s: it opens no window', async (_, change) => {
    const cheat = await openCheat(stage)
    const lostBytes = await cheat.take(cheat.leaves)
    await expect(cheat.exchange.pay(cheat.receiptFor(4, change))).rejects.toMatchObject({
      code: expect.stringMatching(/receipt|signature/),
    })
    expect(lostBytes).toBeLessThanOrEqual(mostLostBytes)
    await cheat.hosts[0]?.stop()
    expect(await stage.reader.paidBytes(cheat.nonce, 0)).toBe(0)
  })

  it('pays with a key that is not the purchase’s: it opens no window', async () => {
    const cheat = await openCheat(stage)
    const forged = cheat.receiptFor(4, {}, actorOf('somebody').secretKey)
    await expect(cheat.exchange.pay(forged)).rejects.toMatchObject({ code: 'signature-invalid' })
    await cheat.hosts[0]?.stop()
    expect(await stage.reader.paidBytes(cheat.nonce, 0)).toBe(0)
  })
})
