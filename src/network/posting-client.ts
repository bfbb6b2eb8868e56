import type { BalanceProof } from '#protocol/balance-proof.ts'
import { type BlockData, encodeBlockData, maxBlockBytes, maxBlockDataBytes } from '#protocol/block-data.ts'
import type { HostInit } from '#protocol/exchange.ts'
import {
  decodeFromPostingHost,
  encodePosting,
  type PostAck,
  type PosterInit,
  type PostingHostBodies,
} from '#protocol/posting.ts'
import type { PublicKey } from '#std/brand.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import { dialTarget, type MailRoute } from './mail-stream.ts'
import type { MessageNode } from './message-node.ts'
import { postingProtocol, postingTurnMs } from './posting-host.ts'

export type PostingOptions = {
  readonly node: MessageNode
  readonly route: MailRoute
  /** The host that must be at the other end: its node key. */
  readonly host: PublicKey
  introduce(init: HostInit): PosterInit
  /** Looks at the host's terms; throws to go away. */
  agree(ack: PostAck): Promise<void>
  /** A proof of at least this balance, written down before it resolves; throws to go away instead. */
  pay(balanceWei: bigint, sentBytes: number): Promise<BalanceProof>
  /** The blocks to post, in any order. */
  readonly blocks: AsyncIterable<BlockData>
  readonly signal: AbortSignal
}

/** Posts blocks and pays for them as asked; resolves with the bytes that were new to the host, once all is pinned. */
export const postBlocks = async (options: PostingOptions): Promise<number> => {
  const { node, route, signal } = options
  let frames: FrameStream | undefined
  try {
    frames = frameStream(
      await node.dialProtocol(dialTarget(route), postingProtocol, { signal }),
      maxBlockDataBytes,
    )
    return await post(frames, options)
  } catch (thrown) {
    signal.throwIfAborted()
    throw errorFrom(thrown, 'host-unreachable')
  } finally {
    frames?.abort(new ParatiiError('aborted'))
  }
}

type HostWord = Exclude<Awaited<ReturnType<typeof next>>, undefined>

const post = async (frames: FrameStream, options: PostingOptions): Promise<number> => {
  const { host, introduce, agree, pay, blocks, signal } = options
  const init = await hear(frames, 'init', signal)
  if (init.key !== host) throw new ParatiiError('signature-invalid', { field: 'host' })
  await frames.write('init', encodePosting(introduce(init)), signal)
  const ack = await hear(frames, 'initack', signal)
  await agree(ack)
  let sentBytes = 0
  let balance = ack.balance
  let unanswered = 0
  const sayPayment = async (): Promise<void> => {
    await frames.write('payment', encodePosting(await pay(balance, sentBytes)), signal)
    unanswered++
  }
  const heed = async (word: HostWord): Promise<void> => {
    if (word.cmd === 'paymentack') unanswered--
    if (word.cmd !== 'reqpayment') return
    balance = word.body.balance
    await sayPayment()
  }
  // A batch is what the host stores on credit. The same balance again, after it, has the host say how far it is.
  const batchBytes = Math.max(ack.credit, maxBlockBytes)
  let inBatch = 0
  for await (const block of blocks) {
    if (inBatch + block.bytes.length > batchBytes) {
      await sayPayment()
      while (unanswered > 0) await heed(await next(frames, signal))
      inBatch = 0
    }
    sentBytes += block.bytes.length
    inBatch += block.bytes.length
    await frames.write('postdata', encodeBlockData(block), signal)
  }
  await frames.write('end', encodePosting({}), signal)
  for (;;) {
    const word = await next(frames, signal)
    if (word.cmd === 'posted') return word.body.bytes
    await heed(word)
  }
}

/** The host's next word; its `bye` is thrown. */
const next = async (frames: FrameStream, signal: AbortSignal) => {
  for (;;) {
    const frame = await frames.read(AbortSignal.any([signal, AbortSignal.timeout(postingTurnMs)]))
    if (frame === undefined) throw new ParatiiError('host-unreachable', { reason: 'stream ended' })
    const word = orThrow(decodeFromPostingHost(frame.cmd, frame.data))
    if (word?.cmd === 'bye') {
      const { code } = word.body
      throw isErrorCode(code) ? new ParatiiError(code) : new ParatiiError('host-unreachable', { code })
    }
    if (word !== undefined) return word
  }
}

const hear = async <C extends 'init' | 'initack'>(
  frames: FrameStream,
  cmd: C,
  signal: AbortSignal,
): Promise<PostingHostBodies[C]> => {
  const word = await next(frames, signal)
  if (word.cmd !== cmd) throw new ParatiiError('message-malformed', { reason: `${word.cmd} out of turn` })
  return word.body as PostingHostBodies[C]
}
