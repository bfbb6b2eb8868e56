import type { Leaf } from '#media/dag.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { CreditGate } from './credit-gate.ts'
import type { LeafFeed } from './leaf-sender.ts'

/** How long a stream may wait for a receipt before it is closed. */
export const shutWindowMs = 30_000

/** Leaves from a block store, without payment: what a publisher gives to its hosts. */
export const openFreeFeed = (leaves: readonly Leaf[], blocks: Blocks): LeafFeed => ({
  ...feedParts(leaves, blocks),
  admit: () => true,
  opened: () => Promise.resolve(),
  close() {},
})

/** Leaves from a block store under the credit window of a purchase. */
export const openPaidFeed = (leaves: readonly Leaf[], blocks: Blocks, gate: CreditGate): LeafFeed =>
  new PaidFeed(leaves, blocks, gate)

const feedParts = (leaves: readonly Leaf[], blocks: Blocks) => ({
  count: leaves.length,
  byteLength: sizeOf(leaves),
  read: (position: number, into?: Uint8Array) => readLeaf(leaves[position], blocks, into),
})

const readLeaf = async (leaf: Leaf | undefined, blocks: Blocks, into?: Uint8Array): Promise<Uint8Array> => {
  const bytes = leaf === undefined ? undefined : await blocks.get(leaf.cid, into)
  if (leaf === undefined || bytes === undefined) throw new ParatiiError('block-absent')
  // A truncated file must not shift what follows it in the response.
  if (bytes.length !== leaf.size)
    throw new ParatiiError('store-failed', { cid: leaf.cid, bytes: bytes.length })
  return bytes
}

const sizeOf = (leaves: readonly Leaf[]): number => leaves.reduce((sum, leaf) => sum + leaf.size, 0)

class PaidFeed implements LeafFeed {
  readonly count: number
  readonly byteLength: number
  readonly read: LeafFeed['read']
  readonly #leaves: readonly Leaf[]
  readonly #gate: CreditGate
  readonly #stream: number
  /** Leaves before this one were admitted. */
  #admitted = 0
  #isAsking = false
  #refusal: ParatiiError | undefined
  #wake: (() => void) | undefined

  constructor(leaves: readonly Leaf[], blocks: Blocks, gate: CreditGate) {
    const { count, byteLength, read } = feedParts(leaves, blocks)
    this.count = count
    this.byteLength = byteLength
    this.read = read
    this.#leaves = leaves
    this.#gate = gate
    this.#stream = gate.nextStream()
  }

  admit(position: number): boolean {
    if (position >= this.#admitted && !this.#isAsking && this.#refusal === undefined) {
      this.#isAsking = true
      this.#gate.ask(this.#stream, this.#leaves[position]?.size ?? 0, refusal => {
        this.#isAsking = false
        this.#refusal = refusal
        if (refusal === undefined) this.#admitted++
        this.#wake?.()
      })
    }
    return position < this.#admitted
  }

  async opened(signal: AbortSignal): Promise<void> {
    if (this.#isAsking) await this.#answered(signal)
    if (this.#refusal !== undefined) throw this.#refusal
  }

  close(sentLeaves: number, isWhole: boolean): void {
    this.#gate.leave(this.#stream)
    if (isWhole) return
    const unsent = this.#leaves.slice(sentLeaves, this.#admitted)
    this.#gate.abort(sizeOf(unsent), sizeOf(this.#leaves.slice(0, sentLeaves)))
  }

  #answered(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (finish: () => void) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        this.#wake = undefined
        finish()
      }
      const abort = () => done(() => reject(signal.reason))
      const timer = setTimeout(() => done(() => reject(new ParatiiError('payment-required'))), shutWindowMs)
      this.#wake = () => done(resolve)
      signal.addEventListener('abort', abort)
      if (signal.aborted) abort()
    })
  }
}
