import { checkBlock } from '#media/block-check.ts'
import type { Leaf } from '#media/dag.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { BodyReader } from './body-reader.ts'
import type { BufferPool } from './buffer-pool.ts'
import { sha256 } from './sha256.ts'

export type LeafFetch = {
  /** Asks for them, over HTTP or the exchange's stream. */
  open(signal: AbortSignal): Promise<BodyReader>
  /** The leaves asked for, in the order in which the answer holds them. */
  readonly leaves: readonly Leaf[]
  /** Buffers at least as large as the largest leaf. */
  readonly pool: BufferPool
  readonly signal: AbortSignal
  /** Longest time without a byte before the host counts as dead. */
  readonly stallMs?: number
  /**
   * Called for each leaf in order, once its bytes match its CID; its position is in `leaves`. The bytes lie at
   * the start of a pool buffer that is now the callee's. While its promise is pending no more is read than a few
   * leaves: that is the back pressure.
   */
  onLeaf(position: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> | void
}

const defaultStallMs = 20_000
/** Leaves whose digests may be under way at once: enough to hide hashing behind reading. */
const verifyAhead = 4

/**
 * Fetches leaves from one host and passes on what matches its CID. Throws ParatiiError: `block-mismatch` (wrong
 * bytes, or too many of them), `host-unreachable`, `timed-out`, `aborted`, or the code that the host answered.
 * What was passed on before stays good.
 */
export const fetchLeaves = async (request: LeafFetch): Promise<void> => {
  const stall = new AbortController()
  const signal = AbortSignal.any([request.signal, stall.signal])
  const stallMs = request.stallMs ?? defaultStallMs
  const watch = watchStall(stallMs, stall)
  const line = new VerifyLine(request)
  let reader: BodyReader | undefined
  try {
    watch.arm()
    reader = await request.open(signal)
    for (const [position, leaf] of request.leaves.entries()) {
      watch.arm()
      const buffer = await Promise.race([reader.fill(request.pool.take(), leaf.size, watch.arm), line.failed])
      watch.disarm()
      if (buffer === undefined)
        throw new ParatiiError('host-unreachable', { reason: 'ended early', position })
      await line.add(position, leaf, buffer)
    }
    await line.rest()
    watch.arm()
    if (!(await reader.atEnd())) throw new ParatiiError('block-mismatch', { reason: 'more than was asked' })
  } catch (thrown) {
    // What arrived whole before a cut or a cancel is good, and its sender is owed for it; wrong bytes outweigh a cut.
    const mismatch = await line.rest().then(
      () => undefined,
      error => error,
    )
    if (request.signal.aborted) throw errorFrom(request.signal.reason, 'aborted')
    if (mismatch === undefined && stall.signal.aborted) throw new ParatiiError('timed-out', { stallMs })
    throw errorFrom(mismatch ?? thrown, 'host-unreachable')
  } finally {
    watch.end()
    await reader?.cancel()
  }
}

/**
 * Leaves between their arrival and their taker: each is passed on as soon as it and all before it are verified,
 * whether or not another arrives. After one that is wrong nothing of the answer is trusted any more.
 */
class VerifyLine {
  /** Rejects when a leaf was wrong, or its taker failed. */
  readonly failed: Promise<never>
  readonly #request: LeafFetch
  readonly #fail: (reason: unknown) => void
  readonly #waiting: Promise<void>[] = []
  #last: Promise<void> = Promise.resolve()

  constructor(request: LeafFetch) {
    const { promise, reject } = Promise.withResolvers<never>()
    this.#request = request
    this.failed = promise
    this.#fail = reject
    promise.catch(() => {})
  }

  /** Takes a leaf in; waits while too many are not yet passed on. */
  async add(position: number, leaf: Leaf, buffer: ArrayBuffer): Promise<void> {
    const verifying = verifyLeaf(leaf, buffer)
    // It may fail while one before it is still looked at; the chain below reports it in its turn.
    verifying.catch(() => {})
    this.#last = this.#last.then(async () => this.#request.onLeaf(position, await verifying))
    this.#last.catch(this.#fail)
    this.#waiting.push(this.#last)
    if (this.#waiting.length >= verifyAhead) await this.#waiting.shift()
  }

  /** Resolves when all that came was passed on; rejects if a leaf was wrong. */
  async rest(): Promise<void> {
    await this.#last
  }
}

const verifyLeaf = async (leaf: Leaf, buffer: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = new Uint8Array(buffer, 0, leaf.size)
  orThrow(await checkBlock(leaf.cid, bytes, sha256))
  return bytes
}

/** Aborts when nothing was heard for so long. Bytes come thousands of times a second: hearing them sets no timer. */
const watchStall = (stallMs: number, stall: AbortController) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let heardAtMs = 0
  let isArmed = false
  const look = (): void => {
    timer = undefined
    if (!isArmed) return
    const leftMs = heardAtMs + stallMs - performance.now()
    if (leftMs <= 0) stall.abort()
    else timer = setTimeout(look, leftMs)
  }
  return {
    arm() {
      heardAtMs = performance.now()
      isArmed = true
      timer ??= setTimeout(look, stallMs)
    },
    disarm() {
      isArmed = false
    },
    end() {
      isArmed = false
      clearTimeout(timer)
    },
  }
}
