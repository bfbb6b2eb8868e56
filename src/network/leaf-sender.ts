import type { ServerResponse } from 'node:http'
import { leafBytes } from '#media/limits.ts'
import { raceAbort } from '#std/race-abort.ts'
import { BufferPool } from './buffer-pool.ts'

/** The leaves of one admitted request, in the order asked. */
export type LeafFeed = {
  readonly count: number
  readonly byteLength: number
  /** True when this leaf may be sent now, which counts it as sent; asking again about the same leaf changes nothing. */
  admit(position: number): boolean
  /** Resolves when it makes sense to ask `admit` again; rejects when the window stays shut for too long. */
  opened(signal: AbortSignal): Promise<void>
  /** The bytes of a leaf, in the memory given where it is large enough. */
  read(position: number, into?: Uint8Array): Promise<Uint8Array>
  /** Called once: so many leaves were written, and all of it left (`isWhole`) or may be lost on the way. */
  close(sentLeaves: number, isWhole: boolean): void
}

/** Leaves in one write, 1 MiB: fewer, larger writes are what a fast stream is made of. */
const leavesPerWrite = 4
/** Streams that get two buffers of so much, to read into one while the other leaves. */
const fastStreams = 8
/** Buffers of one leaf kept for the streams beyond those. */
const keptLeafBuffers = 64

/** Memory that one stream sends from: one buffer, or two that take turns. */
type SendMemory = {
  readonly leaves: number
  readonly buffers: readonly [ArrayBuffer, ArrayBuffer?]
  /** Gives it back; to be called once nobody reads from it, or into it. */
  release(isWhole: boolean): void
}

/**
 * The memory of all streams of one server. A few streams are each as fast as one can be; of many none can have much of
 * the machine anyway, and each holds no more than one leaf.
 */
export class SendBuffers {
  readonly #large = new BufferPool(leavesPerWrite * leafBytes, 2 * fastStreams)
  readonly #small = new BufferPool(leafBytes, keptLeafBuffers)
  #fast = 0

  take(): SendMemory {
    if (this.#fast >= fastStreams) {
      const buffer = this.#small.take()
      return { leaves: 1, buffers: [buffer], release: isWhole => isWhole && this.#small.give(buffer) }
    }
    this.#fast++
    const [one, other] = [this.#large.take(), this.#large.take()]
    return {
      leaves: leavesPerWrite,
      buffers: [one, other],
      release: isWhole => {
        this.#fast--
        if (!isWhole) return
        this.#large.give(one)
        this.#large.give(other)
      },
    }
  }
}

/**
 * Answers with the leaves of a feed. Each write waits for the one before to leave, so a reader that stops reading
 * stops this, and what is not admitted is never sent. Rejects when the window stays shut (before the head is out as
 * long as no leaf was admitted), a block cannot be read, or the reader went away.
 */
export const sendLeaves = async (
  response: ServerResponse,
  headers: Readonly<Record<string, string | number>>,
  feed: LeafFeed,
  memory: SendBuffers,
  signal: AbortSignal,
): Promise<void> => {
  let at = 0
  let isWhole = false
  const { leaves: mostLeaves, buffers, release } = memory.take()
  let [filled, other] = buffers
  const read = (from: number, into: ArrayBuffer) =>
    readBatch(feed, from, Math.min(mostLeaves, feed.count - from), into)
  try {
    let reading = read(at, filled)
    while (at < feed.count) {
      while (!feed.admit(at)) await feed.opened(signal)
      let end = at + 1
      while (end < Math.min(at + mostLeaves, feed.count) && feed.admit(end)) end++
      // A store that hangs holds no credit of a reader that went away.
      const leaves = (await raceAbort(reading, signal)).slice(0, end - at)
      if (at === 0) response.writeHead(200, headers)
      signal.throwIfAborted()
      // The store works on the next batch while this one leaves; reading ahead promises nothing and counts nothing.
      if (other !== undefined) reading = read(end, other)
      at = end
      await writeAll(response, leaves, signal)
      if (other === undefined) reading = read(end, filled)
      else [filled, other] = [other, filled]
    }
    await endAll(response, signal)
    isWhole = true
  } finally {
    // After a failure somebody may still read from the memory, or into it.
    release(isWhole)
    feed.close(at, response.writableFinished)
  }
}

const readBatch = (feed: LeafFeed, from: number, count: number, into: ArrayBuffer): Promise<Uint8Array[]> => {
  const batch = Promise.all(
    Array.from({ length: count }, (_, i) =>
      feed.read(from + i, new Uint8Array(into, i * leafBytes, leafBytes)),
    ),
  )
  // It may be dropped unread when the asker goes away.
  batch.catch(() => {})
  return batch
}

/** Writes leaves at once; resolves when the kernel has taken them, and their memory may be used again. */
const writeAll = (
  response: ServerResponse,
  leaves: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<void> =>
  untilDone(signal, done => {
    response.cork()
    for (const leaf of leaves.slice(0, -1)) response.write(leaf)
    response.write(leaves.at(-1) ?? new Uint8Array(0), done)
    response.uncork()
  })

/** Resolves when all of it has left. The reader's going away, which is told by the signal, comes after that or instead. */
const endAll = (response: ServerResponse, signal: AbortSignal): Promise<void> =>
  untilDone(signal, done => void response.end(() => done()))

const untilDone = (
  signal: AbortSignal,
  begin: (done: (error?: Error | null) => void) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    begin(error => {
      signal.removeEventListener('abort', abort)
      if (error) reject(error)
      else resolve()
    })
  })
