import type { Stream } from '@libp2p/interface'
import { mustPay, owedWei, type PostingWindow, payWindow, storeBytes } from '#payments/posting-window.ts'
import type { BalanceProof } from '#protocol/balance-proof.ts'
import { type BlockData, decodeBlockData, maxBlockDataBytes } from '#protocol/block-data.ts'
import type { HostInit } from '#protocol/exchange.ts'
import { decodeFromPoster, encodePosting, type PostAck, type PosterInit } from '#protocol/posting.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { MessageNode } from './message-node.ts'

export const postingProtocol = '/paratii/post/1'
export const postingTurnMs = 30_000
/** Frames that may wait: a poster sends what is stored on credit, then waits for word. */
const postingFrames = 32

/** One posting as its host sees it. */
export type Posting = {
  readonly ack: PostAck
  readonly window: PostingWindow
  /** Checks a block against its CID and writes it; the bytes that were new. */
  store(block: BlockData): Promise<number>
  /** Checks a proof; it is written down when this resolves. */
  accept(proof: BalanceProof): Promise<void>
  /** Checks that everything is there, and pins it; throws `block-absent`. */
  finish(signal: AbortSignal): Promise<void>
}

export type PostingHost = {
  greet(): HostInit
  /** Checks a poster's first word against the chain; throws ParatiiError to refuse. */
  open(init: PosterInit, greeting: HostInit, signal: AbortSignal): Promise<Posting>
}

/** Takes postings on a node until the function it returns is called. */
export const servePosting = async (node: MessageNode, host: PostingHost): Promise<() => Promise<void>> => {
  const stopping = new AbortController()
  await node.handle(
    postingProtocol,
    (stream: Stream) => run(frameStream(stream, maxBlockDataBytes, postingFrames), host, stopping.signal),
    { maxInboundStreams: 4 },
  )
  return async () => {
    await node.unhandle(postingProtocol)
    stopping.abort(new ParatiiError('stopping'))
  }
}

const run = async (frames: FrameStream, host: PostingHost, signal: AbortSignal): Promise<void> => {
  try {
    const greeting = host.greet()
    await frames.write('init', encodePosting(greeting), signal)
    const posting = await introduce(frames, host, greeting, signal)
    await take(frames, posting, signal)
    await frames.close()
  } catch (thrown) {
    const { code } = errorFrom(thrown)
    await frames.write('bye', encodePosting({ code }), AbortSignal.timeout(postingTurnMs)).catch(() => {})
    await frames.close()
  } finally {
    frames.abort(new ParatiiError('aborted'))
  }
}

/** The next frame, in time: a poster that falls silent holds no stream. */
const next = async (frames: FrameStream, signal: AbortSignal) => {
  const turn = AbortSignal.any([signal, AbortSignal.timeout(postingTurnMs)])
  const frame = await frames.read(turn)
  if (frame === undefined) throw new ParatiiError('peer-unreachable', { reason: 'stream ended' })
  return frame
}

const introduce = async (
  frames: FrameStream,
  host: PostingHost,
  greeting: HostInit,
  signal: AbortSignal,
): Promise<Posting> => {
  for (;;) {
    const { cmd, data } = await next(frames, signal)
    if (cmd === 'postdata') throw new ParatiiError('message-malformed', { reason: 'postdata out of turn' })
    const word = orThrow(decodeFromPoster(cmd, data))
    if (word === undefined) continue
    if (word.cmd !== 'init')
      throw new ParatiiError('message-malformed', { reason: `${word.cmd} out of turn` })
    const posting = await host.open(word.body, greeting, signal)
    await frames.write('initack', encodePosting(posting.ack), signal)
    return posting
  }
}

const take = async (frames: FrameStream, posting: Posting, signal: AbortSignal): Promise<void> => {
  let { window } = posting
  let isComplete = false
  const waiting: BlockData[] = []
  let asked = window.balanceWei
  for (;;) {
    // What was sent is stored as far as credit goes; the rest waits for a payment.
    while (waiting.length > 0 && !mustPay(window)) {
      const block = waiting.shift()
      if (block !== undefined) window = storeBytes(window, await posting.store(block))
    }
    const isOwed = mustPay(window) || (isComplete && window.balanceWei < owedWei(window))
    if (isOwed && asked < owedWei(window)) {
      asked = owedWei(window)
      await frames.write('reqpayment', encodePosting({ balance: asked }), signal)
    }
    if (isComplete && !isOwed && waiting.length === 0) {
      await posting.finish(signal)
      return frames.write('posted', encodePosting({ bytes: window.storedBytes }), signal)
    }
    const { cmd, data } = await next(frames, signal)
    if (cmd === 'postdata') {
      if (isComplete || waiting.length >= postingFrames)
        throw new ParatiiError('message-malformed', { reason: cmd })
      waiting.push(orThrow(decodeBlockData(data)))
      continue
    }
    const word = orThrow(decodeFromPoster(cmd, data))
    if (word?.cmd === 'bye') return
    if (word?.cmd === 'init') throw new ParatiiError('message-malformed', { reason: 'init out of turn' })
    if (word?.cmd === 'end') isComplete = true
    if (word?.cmd !== 'payment') continue
    window = orThrow(payWindow(window, word.body.balance))
    await posting.accept(word.body)
    await frames.write(
      'paymentack',
      encodePosting({ balance: window.balanceWei, bytes: window.storedBytes }),
      signal,
    )
  }
}
