import type { Stream } from '@libp2p/interface'
import { maxExchangeBytes } from '#protocol/exchange.ts'
import { createFrameDecoder, type Frame } from '#protocol/frame.ts'
import { orThrow } from '#std/error.ts'

/** Sees each frame when it is sent. */
export type Tap = (frame: Frame) => void

/** A libp2p stream as far as frames need it, whose bytes arrive when they are let. */
class WireEnd extends EventTarget {
  status: 'open' | 'closed' | 'aborted' = 'open'
  readonly readableEnded = false
  /** Somebody listens: before that nothing arrives. */
  isHeard = false
  readonly #decoder = createFrameDecoder(maxExchangeBytes)
  readonly #tap: Tap
  readonly onEnd: () => void
  /** Pieces on their way to the other end; undefined: the end of them. */
  readonly sent: (Uint8Array | undefined)[] = []

  constructor(tap: Tap, onEnd: () => void) {
    super()
    this.#tap = tap
    this.onEnd = onEnd
  }

  send(bytes: Uint8Array): boolean {
    if (this.status !== 'open') throw new Error('this stream is closed')
    for (const frame of orThrow(this.#decoder.push(bytes))) this.#tap(frame)
    this.sent.push(bytes)
    return true
  }

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    super.addEventListener(...args)
    this.isHeard = true
  }

  async onDrain(): Promise<void> {}

  async close(): Promise<void> {
    if (this.status !== 'open') return
    this.status = 'closed'
    this.sent.push(undefined)
  }

  abort(): void {
    this.onEnd()
  }

  arrive(bytes: Uint8Array | undefined): void {
    this.dispatchEvent(
      bytes === undefined ? new Event('end') : Object.assign(new Event('message'), { data: bytes }),
    )
  }

  end(): void {
    if (this.status === 'aborted') return
    this.status = 'aborted'
    this.sent.length = 0
    this.dispatchEvent(Object.assign(new Event('close'), { error: new Error('cut') }))
  }
}

/** One stream between a viewer and a host. */
export class Wire {
  readonly #viewer: WireEnd
  readonly #host: WireEnd

  constructor(taps: { readonly viewer: Tap; readonly host: Tap }) {
    this.#viewer = new WireEnd(taps.viewer, () => this.cut())
    this.#host = new WireEnd(taps.host, () => this.cut())
  }

  /** The ends as libp2p would give them. */
  get ends(): { readonly viewer: Stream; readonly host: Stream } {
    return { viewer: this.#viewer as unknown as Stream, host: this.#host as unknown as Stream }
  }

  get isQuiet(): boolean {
    return this.#viewer.sent.length + this.#host.sent.length === 0
  }

  /** The next piece from one end reaches the other. */
  deliver(from: 'viewer' | 'host'): void {
    const [sender, reader] = from === 'viewer' ? [this.#viewer, this.#host] : [this.#host, this.#viewer]
    if (sender.sent.length > 0 && reader.isHeard) reader.arrive(sender.sent.shift())
  }

  /** Both ends break off; what was on its way is lost. */
  cut(): void {
    this.#viewer.end()
    this.#host.end()
  }
}
