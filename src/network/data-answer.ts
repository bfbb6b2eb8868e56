import type { BlockData } from '#protocol/block-data.ts'
import type { Cid } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import type { BodyReader } from './body-reader.ts'

/** The blocks that answer one `getdata`, read as the body of an HTTP answer is. No more is taken than was asked for. */
export class DataAnswer implements BodyReader {
  /** A part of the answer came. */
  heard: (() => void) | undefined
  readonly #asked: readonly Cid[]
  readonly #giveUp: () => void
  readonly #signal: AbortSignal
  readonly #abort = () => this.fail(errorFrom(this.#signal.reason, 'aborted'))
  readonly #unread: Uint8Array[] = []
  #taken = 0
  #failure: ParatiiError | undefined
  #wake: (() => void) | undefined

  /** `giveUp` is called when the reader ends before the answer does. */
  constructor(asked: readonly Cid[], signal: AbortSignal, giveUp: () => void) {
    this.#asked = asked
    this.#giveUp = giveUp
    this.#signal = signal
    signal.addEventListener('abort', this.#abort)
    if (signal.aborted) this.#abort()
  }

  /** All of it came. */
  get isWhole(): boolean {
    return this.#taken === this.#asked.length
  }

  take({ cid, bytes }: BlockData): void {
    if (cid === this.#asked[this.#taken]) {
      this.#taken++
      this.#unread.push(bytes)
      this.#wake?.()
    } else this.fail(new ParatiiError('block-mismatch', { reason: 'another block' }))
  }

  /** What came before is read all the same. */
  fail(error: ParatiiError): void {
    this.#failure ??= error
    this.#wake?.()
  }

  async fill(buffer: ArrayBuffer, byteCount: number, onBytes?: () => void): Promise<ArrayBuffer> {
    this.heard = onBytes
    while (this.#unread.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const bytes = this.#unread.shift() ?? new Uint8Array(0)
    if (bytes.length !== byteCount) throw new ParatiiError('block-mismatch', { reason: 'length' })
    new Uint8Array(buffer).set(bytes)
    return buffer
  }

  async atEnd(): Promise<boolean> {
    return this.isWhole && this.#unread.length === 0
  }

  async cancel(): Promise<void> {
    this.heard = undefined
    this.#signal.removeEventListener('abort', this.#abort)
    if (!this.isWhole || this.#failure !== undefined) this.#giveUp()
  }
}
