import type { Connection, Stream } from '@libp2p/interface'
import { encodeBlockData } from '#protocol/block-data.ts'
import {
  decodeFromViewer,
  encodeExchange,
  type HostInit,
  type InitAck,
  maxExchangeBytes,
  type Payment,
  type PaymentAck,
  type ViewerInit,
} from '#protocol/exchange.ts'
import type { Cid } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { exchangeProtocol, exchangeTurnMs } from './exchange-client.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { LeafFeed } from './leaf-sender.ts'
import type { MessageNode } from './message-node.ts'

/** Words, and their bytes, that may wait on one stream. */
const maxWords = 32
const maxWordBytes = 524_288
/** Requests for blocks that may wait on one stream. */
const maxRequests = 4

/** One purchase as a host serves it to one exchange stream. */
export type ExchangeAccount = {
  readonly ack: InitAck
  /** Checks a receipt and stores it before it resolves; throws ParatiiError to refuse, which ends the exchange. */
  pay(payment: Payment): Promise<PaymentAck>
  /** Opens blocks, in this order, under the purchase's credit window; throws ParatiiError to refuse. */
  open(blocks: readonly Cid[], signal: AbortSignal): Promise<LeafFeed>
  /** Calls `tell` whenever a stream waits for a receipt, until `signal` aborts. */
  watch(tell: (outstanding: number) => void, signal: AbortSignal): void
}

export type ExchangeHost = {
  /** A first word with a nonce never used before. */
  greet(): HostInit
  /** Checks a viewer's first word against the chain and itself; throws ParatiiError to refuse. */
  open(viewer: ViewerInit, greeting: HostInit, signal: AbortSignal): Promise<ExchangeAccount>
}

/** Answers `/paratii/exchange/1` on a node until the function it returns is called. */
export const serveExchange = async (node: MessageNode, host: ExchangeHost): Promise<() => Promise<void>> => {
  const stopping = new AbortController()
  await node.handle(
    exchangeProtocol,
    (stream: Stream, _connection: Connection) =>
      runExchange(frameStream(stream, maxExchangeBytes, maxWords, maxWordBytes), host, stopping.signal),
    { maxInboundStreams: 64 },
  )
  return async () => {
    await node.unhandle(exchangeProtocol)
    stopping.abort(new ParatiiError('stopping'))
  }
}

const runExchange = async (frames: FrameStream, host: ExchangeHost, stopping: AbortSignal): Promise<void> => {
  const ended = new AbortController()
  const signal = AbortSignal.any([stopping, ended.signal])
  try {
    const account = await introduce(frames, host, signal)
    account.watch(outstanding => {
      frames.write('reqpayment', encodeExchange({ outstanding }), signal).catch(() => {})
    }, signal)
    await takeWords(frames, account, signal, thrown => ended.abort(errorFrom(thrown)))
    await frames.close()
  } catch (thrown) {
    await sayBye(frames, errorFrom(thrown))
  } finally {
    ended.abort()
    frames.abort(new ParatiiError('aborted'))
  }
}

const introduce = async (
  frames: FrameStream,
  host: ExchangeHost,
  stopping: AbortSignal,
): Promise<ExchangeAccount> => {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(exchangeTurnMs)])
  const greeting = host.greet()
  await frames.write('init', encodeExchange(greeting), signal)
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined) throw new ParatiiError('peer-unreachable')
    const word = orThrow(decodeFromViewer(frame.cmd, frame.data))
    if (word === undefined) continue
    if (word.cmd !== 'init')
      throw new ParatiiError('message-malformed', { reason: `${word.cmd} out of turn` })
    const account = await host.open(word.body, greeting, signal)
    await frames.write('initack', encodeExchange(account.ack), signal)
    return account
  }
}

/** Until the viewer leaves. A paused film may be silent for hours: there is no timeout here. */
const takeWords = async (
  frames: FrameStream,
  account: ExchangeAccount,
  signal: AbortSignal,
  fail: (thrown: unknown) => void,
): Promise<void> => {
  let requests = 0
  let sending: Promise<void> = Promise.resolve()
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined) return
    const word = orThrow(decodeFromViewer(frame.cmd, frame.data))
    if (word?.cmd === 'bye') return
    if (word?.cmd === 'init') throw new ParatiiError('message-malformed', { reason: 'init out of turn' })
    if (word?.cmd === 'payment')
      await frames.write('paymentack', encodeExchange(await account.pay(word.body)), signal)
    if (word?.cmd !== 'getdata') continue
    if (++requests > maxRequests) throw new ParatiiError('rate-limited', { requests })
    // Beside the words, for it may wait for a payment.
    sending = sending
      .then(() => sendBlocks(frames, account, word.body.blocks, signal))
      .then(() => {
        requests--
      })
    sending.catch(fail)
  }
}

/** Sends blocks as the window lets them; each waits for the one before to leave. */
const sendBlocks = async (
  frames: FrameStream,
  account: ExchangeAccount,
  blocks: readonly Cid[],
  signal: AbortSignal,
): Promise<void> => {
  const feed = await account.open(blocks, signal)
  let sent = 0
  try {
    for (const [at, cid] of blocks.entries()) {
      while (!feed.admit(at)) await feed.opened(signal)
      await frames.write('data', encodeBlockData({ cid, bytes: await feed.read(at) }), signal)
      sent = at + 1
    }
  } finally {
    feed.close(sent, sent === blocks.length)
  }
}

/** Peers get a code, nothing of our insides. */
const sayBye = async (frames: FrameStream, { code }: ParatiiError): Promise<void> => {
  try {
    await frames.write('bye', encodeExchange({ code }), AbortSignal.timeout(exchangeTurnMs))
    await frames.close()
  } catch {
    // Nobody is there to hear it.
  }
}
