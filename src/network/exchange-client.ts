import type { Stream } from '@libp2p/interface'
import { decodeBlockData, maxBlockDataBytes } from '#protocol/block-data.ts'
import {
  type Bye,
  decodeFromHost,
  encodeExchange,
  type HostInit,
  type InitAck,
  maxGetData,
  type Payment,
  type PaymentAck,
  type ViewerInit,
} from '#protocol/exchange.ts'
import type { Cid, PublicKey } from '#std/brand.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import { raceAbort } from '#std/race-abort.ts'
import type { BodyReader } from './body-reader.ts'
import { DataAnswer } from './data-answer.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'

/** Both sides of the paid exchange speak it; bytes go over HTTP beside it where the host has that, else on it. */
export const exchangeProtocol = '/paratii/exchange/1'
/** How long one side waits for the other's next word where one is due. */
export const exchangeTurnMs = 15_000

/** Frames that may wait: one answer to a `getdata`, and words beside it. */
const exchangeFrames = maxGetData + 16

/** A viewer's open exchange with one host, for one purchase. */
export type Exchange = {
  readonly ack: InitAck
  /** Sends a receipt; resolves once the host has stored it. One at a time, in the order called. */
  pay(payment: Payment): Promise<PaymentAck>
  /**
   * Asks for at most 64 blocks, to come on this stream; nothing more is asked before they came. A reader that ends
   * before the answer does ends the exchange.
   */
  getData(blocks: readonly Cid[], signal: AbortSignal): BodyReader
  /** Says good-bye and ends the stream. */
  close(code?: string): Promise<void>
  /** Resolves with what ended the exchange, whoever did. */
  readonly ended: Promise<ParatiiError>
}

export type ExchangeOptions = {
  readonly stream: Stream
  /** The host that must be at the other end: its node key. */
  readonly host: PublicKey
  /** Makes the viewer's first word from the host's fresh nonce. */
  readonly introduce: (init: HostInit) => ViewerInit | Promise<ViewerInit>
  /** The host waits for a receipt. */
  readonly onRequest?: (outstanding: number) => void
  readonly signal: AbortSignal
}

/** Opens the exchange; throws ParatiiError with the host's code when it refuses, and aborts the stream. */
export const openExchange = async (options: ExchangeOptions): Promise<Exchange> => {
  const frames = frameStream(options.stream, maxBlockDataBytes, exchangeFrames)
  try {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(exchangeTurnMs)])
    const init = await hear(frames, 'init', signal)
    if (init.key !== options.host) throw new ParatiiError('signature-invalid', { field: 'host' })
    const introduction = await raceAbort(Promise.resolve(options.introduce(init)), signal)
    await frames.write('init', encodeExchange(introduction), signal)
    const ack = await hear(frames, 'initack', signal)
    return new OpenExchange(frames, ack, options)
  } catch (thrown) {
    const error = errorFrom(thrown, 'host-unreachable')
    frames.abort(error)
    throw error
  }
}

type Waiting = { resolve(ack: PaymentAck): void; reject(error: ParatiiError): void }

class OpenExchange implements Exchange {
  readonly ack: InitAck
  readonly ended: Promise<ParatiiError>
  readonly #frames: FrameStream
  readonly #waiting: Waiting[] = []
  #end: ParatiiError | undefined
  #answer: DataAnswer | undefined

  constructor(frames: FrameStream, ack: InitAck, { signal, onRequest }: ExchangeOptions) {
    this.#frames = frames
    this.ack = ack
    this.ended = this.#listen(signal, onRequest).then(error => {
      this.#end = error
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
      this.#answer?.fail(error)
      frames.abort(error)
      return error
    })
  }

  pay(payment: Payment): Promise<PaymentAck> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      const giveUp = (error: ParatiiError) => {
        clearTimeout(timer)
        reject(error)
      }
      // A host that does not answer to money is gone: ending the stream rejects this and all that wait behind it.
      const timer = setTimeout(() => this.#frames.abort(new ParatiiError('timed-out')), exchangeTurnMs)
      this.#waiting.push({
        resolve(ack) {
          clearTimeout(timer)
          resolve(ack)
        },
        reject: giveUp,
      })
      this.#frames
        .write('payment', encodeExchange(payment), AbortSignal.timeout(exchangeTurnMs))
        .catch(thrown => this.#frames.abort(errorFrom(thrown, 'host-unreachable')))
    })
  }

  getData(blocks: readonly Cid[], signal: AbortSignal): BodyReader {
    const answer = new DataAnswer(blocks, signal, () => this.#frames.abort(new ParatiiError('aborted')))
    this.#answer = answer
    if (this.#end !== undefined) answer.fail(this.#end)
    else
      this.#frames
        .write('getdata', encodeExchange({ blocks }), AbortSignal.timeout(exchangeTurnMs))
        .catch(thrown => this.#frames.abort(errorFrom(thrown, 'host-unreachable')))
    return answer
  }

  async close(code = 'aborted'): Promise<void> {
    const bye: Bye = { code }
    try {
      await this.#frames.write('bye', encodeExchange(bye), AbortSignal.timeout(exchangeTurnMs))
      await this.#frames.close()
    } catch {
      // The other side went first.
    }
    this.#frames.abort(new ParatiiError('aborted'))
    await this.ended
  }

  async #listen(signal: AbortSignal, onRequest?: (outstanding: number) => void): Promise<ParatiiError> {
    try {
      for (;;) {
        const frame = await this.#frames.read(signal, () => this.#answer?.heard?.())
        if (frame === undefined) return new ParatiiError('host-unreachable', { reason: 'stream ended' })
        if (frame.cmd === 'data') {
          this.#takeData(frame.data)
          continue
        }
        const word = orThrow(decodeFromHost(frame.cmd, frame.data))
        if (word?.cmd === 'bye') return refusal(word.body)
        if (word?.cmd === 'reqpayment') onRequest?.(word.body.outstanding)
        if (word?.cmd === 'paymentack') this.#waiting.shift()?.resolve(word.body)
      }
    } catch (thrown) {
      return errorFrom(thrown, 'host-unreachable')
    }
  }

  #takeData(data: Uint8Array): void {
    if (this.#answer === undefined || this.#answer.isWhole)
      throw new ParatiiError('message-malformed', { reason: 'data out of turn' })
    this.#answer.take(orThrow(decodeBlockData(data)))
  }
}

/** The next word, which must be this one: anything else known is out of turn. */
const hear = async <C extends 'init' | 'initack'>(
  frames: FrameStream,
  cmd: C,
  signal: AbortSignal,
): Promise<C extends 'init' ? HostInit : InitAck> => {
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined) throw new ParatiiError('host-unreachable', { reason: 'stream ended' })
    const word = orThrow(decodeFromHost(frame.cmd, frame.data))
    if (word === undefined) continue
    if (word.cmd === 'bye') throw refusal(word.body)
    if (word.cmd !== cmd) throw new ParatiiError('message-malformed', { reason: `${word.cmd} out of turn` })
    return word.body as C extends 'init' ? HostInit : InitAck
  }
}

const refusal = ({ code }: Bye): ParatiiError =>
  isErrorCode(code) ? new ParatiiError(code) : new ParatiiError('host-unreachable', { code })
