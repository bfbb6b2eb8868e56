import { checkBlock } from '#media/block-check.ts'
import type { Cid } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { GatheredWrites } from './gathered-writes.ts'
import { decodeEntry, encodeEntry, entryBytes, type PackEntry } from './pack-entry.ts'
import type { PackFile } from './pack-file.ts'

export type PackOptions = {
  /** Bytes of one slot; a block takes as many whole ones as it needs. A pack opened with another size begins anew. */
  readonly slotBytes: number
  /** Bytes of blocks kept at most; the least recently used make room. */
  readonly quotaBytes: number
  /** How many slots next to one another may be written at once, and how long one waits for the others; without it none does. */
  readonly gather?: { readonly slots: number; readonly lingerMs: number }
}

/** Blocks of one file; to be closed before the file is opened again. */
export type PackBlocks = Blocks & {
  /** Keeps so many bytes of blocks from now on; the least recently used make room, and the file shrinks. */
  limit(quotaBytes: number): void
  /** Keeps nothing of what it has. */
  clear(): void
  close(): void
}

/** A block of the pack, and where its parts lie. */
type Held = {
  readonly byteLength: number
  slots: readonly number[]
  use: number
  /** While it is being written: resolves when the file has it. */
  writing?: Promise<void> | undefined
}

const headBytes = 4096
const magic = new TextEncoder().encode('paratii pack 2\n')

/**
 * A bounded cache of blocks in one file: a head, then slots, each an entry and the bytes that it speaks of. Both go out
 * in one write, and several slots, too, where asked for: in a browser every write is told to another process.
 *
 * A block's bytes are checked against the CID whenever they are read: after a crash at any moment a block is whole or
 * absent, whatever the disk kept of the writes. Nothing else is needed to open it.
 */
export const openPackBlocks = (file: PackFile, options: PackOptions): PackBlocks =>
  attempt(() => new Pack(file, options))

class Pack implements PackBlocks {
  readonly #file: PackFile
  readonly #slotBytes: number
  readonly #writes: GatheredWrites
  readonly #isGathering: boolean
  /** The least recently used first. */
  readonly #held = new Map<Cid, Held>()
  readonly #free: number[] = []
  /** Slots that the file has, and that it may have. */
  #slotCount = 0
  #slotLimit: number
  #lastUse = 0

  constructor(file: PackFile, { slotBytes, quotaBytes, gather }: PackOptions) {
    this.#file = file
    this.#slotBytes = slotBytes
    const { slots, lingerMs } = gather ?? { slots: 1, lingerMs: 0 }
    this.#writes = new GatheredWrites(file, { bytes: slots * (entryBytes + slotBytes), lingerMs })
    this.#isGathering = gather !== undefined
    this.#slotLimit = this.#slotsOf(quotaBytes)
    if (this.#hasHead()) this.#load()
    else this.#begin()
  }

  async get(cid: Cid, into?: Uint8Array): Promise<Uint8Array | undefined> {
    const held = this.#held.get(cid)
    if (held === undefined) return undefined
    const fits = into !== undefined && held.byteLength <= into.length
    const bytes = fits ? into.subarray(0, held.byteLength) : new Uint8Array(held.byteLength)
    const isRead = attempt(() => this.#read(cid, held, bytes))
    if (isRead && (await checkBlock(cid, bytes, sha256)).ok) return bytes
    if (this.#held.get(cid) === held) attempt(() => this.#drop(cid))
    return undefined
  }

  async put(cid: Cid, bytes: Uint8Array): Promise<void> {
    await (this.#held.get(cid) ?? attempt(() => this.#write(cid, bytes))).writing
  }

  async has(cid: Cid): Promise<boolean> {
    return this.#held.has(cid)
  }

  limit(quotaBytes: number): void {
    this.#slotLimit = this.#slotsOf(quotaBytes)
    attempt(() => this.#shrink())
  }

  clear(): void {
    this.#writes.flush()
    this.#held.clear()
    this.#free.length = 0
    this.#slotCount = 0
    attempt(() => this.#begin())
  }

  close(): void {
    this.#writes.flush()
    attempt(() => {
      this.#file.flush()
      this.#file.close()
    })
  }

  #hasHead(): boolean {
    const head = new Uint8Array(headBytes)
    if (this.#file.read(head, { at: 0 }) < headBytes) return false
    const isOurs = magic.every((byte, at) => head[at] === byte)
    return isOurs && new DataView(head.buffer).getUint32(magic.length) === this.#slotBytes
  }

  #begin(): void {
    const head = new Uint8Array(headBytes)
    head.set(magic)
    new DataView(head.buffer).setUint32(magic.length, this.#slotBytes)
    this.#file.truncate(0)
    this.#writeAll(head, 0)
  }

  /** Finds again what the entries say; what lacks a part, or is beyond the quota, is let go. */
  #load(): void {
    const found = new Map<Cid, { entry: PackEntry; slots: number[] }>()
    const size = this.#file.getSize()
    const bytes = new Uint8Array(entryBytes)
    for (let slot = 0; this.#entryAt(slot) < size; slot++) {
      this.#slotCount = slot + 1
      bytes.fill(0)
      this.#file.read(bytes, { at: this.#entryAt(slot) })
      const entry = decodeEntry(bytes)
      if (entry === undefined) continue
      const block = found.get(entry.cid) ?? { entry, slots: [] }
      block.slots[entry.part] = slot
      found.set(entry.cid, entry.part === 0 ? { ...block, entry } : block)
    }
    const taken = new Set<number>()
    for (const [cid, { entry, slots }] of [...found].sort(([, a], [, b]) => a.entry.use - b.entry.use)) {
      const parts = Array.from({ length: this.#partsOf(entry.byteLength) }, (_, part) => slots[part])
      const whole = parts.filter(slot => slot !== undefined)
      if (whole.length < parts.length) continue
      this.#held.set(cid, { byteLength: entry.byteLength, slots: whole, use: entry.use })
      for (const slot of whole) taken.add(slot)
      this.#lastUse = entry.use
    }
    for (let slot = this.#slotCount - 1; slot >= 0; slot--) if (!taken.has(slot)) this.#free.push(slot)
    this.#shrink()
  }

  /** Brings the file down to its limit: the least recently used blocks go, and what lies beyond moves to where they were. */
  #shrink(): void {
    let taken = [...this.#held.values()].reduce((sum, { slots }) => sum + slots.length, 0)
    for (const [cid, { slots }] of this.#held) {
      if (taken <= this.#slotLimit) break
      taken -= slots.length
      this.#drop(cid)
    }
    if (this.#slotCount <= this.#slotLimit) return
    this.#writes.flush()
    const free = this.#free.filter(slot => slot < this.#slotLimit)
    for (const held of this.#held.values())
      held.slots = held.slots.map(slot => (slot < this.#slotLimit ? slot : this.#move(slot, free.pop())))
    this.#free.splice(0, Number.POSITIVE_INFINITY, ...free)
    this.#slotCount = this.#slotLimit
    this.#file.truncate(this.#entryAt(this.#slotCount))
  }

  /** Copies a slot; the old one still says the same until the file ends before it. */
  #move(from: number, to: number | undefined): number {
    if (to === undefined) throw new RangeError('a pack without room')
    const bytes = new Uint8Array(entryBytes + this.#slotBytes)
    const byteCount = this.#file.read(bytes, { at: this.#entryAt(from) })
    this.#writeAll(bytes.subarray(0, byteCount), this.#entryAt(to))
    return to
  }

  #read(cid: Cid, held: Held, bytes: Uint8Array): boolean {
    this.#writes.flush()
    held.use = ++this.#lastUse
    this.#held.delete(cid)
    this.#held.set(cid, held)
    this.#writeAll(this.#entryOf(cid, held, 0), this.#entryAt(held.slots[0] ?? 0))
    return held.slots.every((slot, part) => {
      const piece = this.#partOf(bytes, part)
      return this.#file.read(piece, { at: this.#slotAt(slot) }) === piece.length
    })
  }

  #write(cid: Cid, bytes: Uint8Array): Held {
    const slots = this.#take(this.#partsOf(bytes.length))
    const held: Held = { byteLength: bytes.length, slots, use: ++this.#lastUse }
    this.#held.set(cid, held)
    const parts = slots.map((slot, part) =>
      this.#writes.write(this.#entryAt(slot), this.#entryOf(cid, held, part), this.#partOf(bytes, part)),
    )
    if (!this.#isGathering) this.#writes.flush()
    held.writing = this.#written(cid, held, parts)
    return held
  }

  async #written(cid: Cid, held: Held, parts: readonly Promise<void>[]): Promise<void> {
    try {
      await Promise.all(parts)
      held.writing = undefined
    } catch (cause) {
      // The disk is full before the quota is: the pack grows no more, and leaves these slots until it is opened again.
      this.#slotLimit = Math.min(this.#slotLimit, this.#slotCount)
      if (this.#held.get(cid) === held) this.#held.delete(cid)
      throw new ParatiiError('store-failed', {}, cause)
    }
  }

  /** Slots to write to; the blocks that were used least recently make room. */
  #take(count: number): number[] {
    if (count > this.#slotLimit) throw new RangeError('a block larger than the pack')
    const roomFor = () => this.#free.length + Math.max(0, this.#slotLimit - this.#slotCount)
    while (roomFor() < count) {
      const [oldest] = this.#held.keys()
      if (oldest === undefined) throw new RangeError('a pack without room')
      this.#drop(oldest)
    }
    return Array.from({ length: count }, () => this.#free.pop() ?? this.#slotCount++)
  }

  #drop(cid: Cid): void {
    this.#writes.flush()
    for (const slot of this.#held.get(cid)?.slots ?? []) {
      this.#writeAll(new Uint8Array(entryBytes), this.#entryAt(slot))
      this.#free.push(slot)
    }
    this.#held.delete(cid)
  }

  #entryOf(cid: Cid, { byteLength, use }: Held, part: number): Uint8Array {
    return encodeEntry({ cid, byteLength, part, use })
  }

  #writeAll(bytes: Uint8Array, at: number): void {
    if (this.#file.write(bytes, { at }) < bytes.length) throw new RangeError('a file that takes no more')
  }

  #slotsOf(quotaBytes: number): number {
    return Math.max(1, Math.floor(quotaBytes / this.#slotBytes))
  }

  #partsOf(byteLength: number): number {
    return Math.max(1, Math.ceil(byteLength / this.#slotBytes))
  }

  #partOf(bytes: Uint8Array, part: number): Uint8Array {
    return bytes.subarray(part * this.#slotBytes, (part + 1) * this.#slotBytes)
  }

  #entryAt(slot: number): number {
    return headBytes + slot * (entryBytes + this.#slotBytes)
  }

  #slotAt(slot: number): number {
    return this.#entryAt(slot) + entryBytes
  }
}

const sha256 = ({ buffer, byteOffset, byteLength }: Uint8Array): Promise<ArrayBuffer> => {
  // subtle takes no shared memory, and nobody offers it.
  if (!(buffer instanceof ArrayBuffer)) throw new ParatiiError('fault', { reason: 'shared memory' })
  return crypto.subtle.digest('SHA-256', new Uint8Array(buffer, byteOffset, byteLength))
}

const attempt = <T>(run: () => T): T => {
  try {
    return run()
  } catch (cause) {
    throw new ParatiiError('store-failed', {}, cause)
  }
}
