import type { PackFile } from './pack-file.ts'

export type GatherOptions = {
  /** Most bytes of one write. */
  readonly bytes: number
  /** How long the first of them may wait for the others. */
  readonly lingerMs: number
}

type Settling = { readonly promise: Promise<void>; resolve(): void; reject(reason: unknown): void }

/**
 * Writes to a file of which neighbours leave together: in a browser each write is told to another process, which costs
 * more than the bytes. What is written here is in memory until then; {@link flush} comes before any read of it.
 */
export class GatheredWrites {
  readonly #file: PackFile
  readonly #memory: Uint8Array
  readonly #lingerMs: number
  /** Where the bytes in memory belong, and how many they are. */
  #at = 0
  #length = 0
  #settling: Settling | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(file: PackFile, { bytes, lingerMs }: GatherOptions) {
    this.#file = file
    this.#memory = new Uint8Array(bytes)
    this.#lingerMs = lingerMs
  }

  /**
   * Takes copies of the parts, which follow one another from `at` on, and together are no longer than one write may be.
   * Resolves when the file has them; rejects when it takes no more.
   */
  write(at: number, ...parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const isNext = at === this.#at + this.#length
    if (!isNext || this.#length + length > this.#memory.length) this.flush()
    if (this.#length === 0) this.#at = at
    for (const part of parts) {
      this.#memory.set(part, this.#length)
      this.#length += part.length
    }
    this.#settling ??= Promise.withResolvers<void>()
    const { promise } = this.#settling
    // Who waits for it hears of a failure; that the others do not is no fault.
    promise.catch(() => {})
    if (this.#length + length > this.#memory.length) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), this.#lingerMs)
    return promise
  }

  /** Hands the file what is in memory. Never throws: the promises of those writes tell. */
  flush(): void {
    const [settling, bytes] = [this.#settling, this.#memory.subarray(0, this.#length)]
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#settling = undefined
    this.#length = 0
    if (settling === undefined) return
    try {
      if (this.#file.write(bytes, { at: this.#at }) < bytes.length)
        throw new RangeError('a file that takes no more')
      settling.resolve()
    } catch (thrown) {
      settling.reject(thrown)
    }
  }
}
