import { contentTypeOf } from '#media/content-type.ts'
import type { MediaDirectory } from '#media/dag.ts'
import { type LeafSlice, sliceRange } from '#media/leaf-range.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { ByteRange, Reading } from './api.ts'
import type { EarnerPorts } from './asking.ts'
import { type PaidChunk, type Played, watchForPay } from './earning.ts'
import type { Earning } from './earning-records.ts'
import { KeptLeaves } from './kept-leaves.ts'

/** What a player is told: a chunk whose time begins, or that the viewing has ended, and how. */
export type Turn = { readonly chunk: number; readonly code: string } | { readonly ended: 'done' | ErrorCode }

type ViewingPorts = EarnerPorts & {
  /** Keeps the chunks, so that a player that was closed goes on; checks what it reads. */
  readonly leaves: Blocks
}

/** One viewing that pays us, as a player follows it: bytes come once their chunk is promised, one chunk at a time. */
export class Viewing {
  readonly #ports: ViewingPorts
  readonly #stopped = new AbortController()
  #earning: Earning
  #directory: MediaDirectory | undefined
  #kept: KeptLeaves | undefined
  #present: { readonly chunk: PaidChunk; readonly answer: (played: Played) => void } | undefined
  #ended: 'done' | ErrorCode | undefined
  #change = Promise.withResolvers<void>()

  constructor(ports: ViewingPorts, earning: Earning) {
    this.#ports = ports
    this.#earning = earning
  }

  /** As it is now: what it was promised is stored. */
  get earning(): Earning {
    return this.#earning
  }

  get ended(): 'done' | ErrorCode | undefined {
    return this.#ended
  }

  /** Watches to the end. What ended it is told by {@link turnAfter}; `onPromise` hears of each chunk. */
  async run(onPromise: (earning: Earning) => void): Promise<void> {
    const { signal } = this.#stopped
    try {
      this.#earning = await watchForPay(
        this.#ports,
        this.#earning,
        async chunk => {
          await this.#take(chunk)
          onPromise(chunk.earning)
          return this.#playing(chunk, signal)
        },
        signal,
      )
      this.#ended = 'done'
    } catch (thrown) {
      this.#ended = signal.aborted ? 'aborted' : errorFrom(thrown).code
    }
    this.#present = undefined
    this.#tell()
  }

  /** Leaves: nothing more is asked for. What was promised stays ours. */
  stop(): void {
    this.#stopped.abort(new ParatiiError('aborted'))
  }

  /** Resolves with the present chunk once it comes after `after` (-1: the first), or with the end. */
  async turnAfter(after: number, signal: AbortSignal): Promise<Turn> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#ended !== undefined) return { ended: this.#ended }
      const present = this.#present?.chunk
      if (present !== undefined && present.chunk > after) return { chunk: present.chunk, code: present.code }
      await this.#changed(signal)
    }
  }

  /** The time of a chunk is over; said of another than the present one it changes nothing. */
  played(chunk: number, played: Played): void {
    if (this.#present?.chunk.chunk === chunk) this.#present.answer(played)
  }

  /** Opens a part of a file; its bytes come as their chunks do. `path-unknown`, `range-invalid`. */
  async read(path: string, range: ByteRange | undefined, signal: AbortSignal): Promise<Reading> {
    while (this.#directory === undefined) {
      if (this.#ended !== undefined) throw new ParatiiError('path-unknown', { path })
      await this.#changed(signal)
    }
    const file = this.#directory.files.get(path)
    if (file === undefined) throw new ParatiiError('path-unknown', { path })
    const start = range?.start ?? 0
    const end = Math.min(range?.end ?? file.size - 1, file.size - 1)
    const slices = orThrow(sliceRange(file, start, end))
    const contentType = contentTypeOf(path)
    return { size: file.size, start, end, contentType, body: this.#readSlices(slices, signal) }
  }

  async *#readSlices(
    slices: readonly LeafSlice[],
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const { leaf, from, to } of slices) {
      while (this.#kept?.has(leaf.index) !== true) {
        if (this.#ended !== undefined) throw new ParatiiError('block-absent', { cid: leaf.cid })
        await this.#changed(signal)
      }
      const bytes = await this.#kept.get(leaf, new ArrayBuffer(leaf.size))
      signal.throwIfAborted()
      if (bytes === undefined) throw new ParatiiError('block-absent', { cid: leaf.cid })
      yield bytes.slice(from, to)
    }
  }

  async #take({ directory, earning, leaves }: PaidChunk): Promise<void> {
    const kept = this.#kept ?? (await KeptLeaves.open(this.#ports.leaves, directory.leaves))
    await Promise.all(
      leaves.map(({ cid, index, bytes }) => kept.put({ cid, index, size: bytes.length }, bytes)),
    )
    this.#kept = kept
    this.#directory = directory
    this.#earning = earning
  }

  async #playing(chunk: PaidChunk, signal: AbortSignal): Promise<Played> {
    const { promise, resolve, reject } = Promise.withResolvers<Played>()
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    this.#present = { chunk, answer: resolve }
    this.#tell()
    try {
      signal.throwIfAborted()
      return await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #tell(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  async #changed(signal: AbortSignal): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      signal.throwIfAborted()
      await Promise.race([this.#change.promise, promise])
    } finally {
      signal.removeEventListener('abort', leave)
      promise.catch(() => undefined)
    }
  }
}
