import type { ServerResponse } from 'node:http'
import { leafBytes } from '#media/limits.ts'
import type { BufferPool } from './buffer-pool.ts'

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
/** Bytes of the memory that one write is read into. */
export const writeBytes = leavesPerWrite * leafBytes

/**
 * Answers with the leaves of a feed. Each write waits for the one before to leave, so a reader that stops reading
 * stops this, and what is not admitted is never sent. Rejects when the window stays shut (before the head is out as
 * long as no leaf was admitted), a block cannot be read, or the reader went away.
 *
 * @param pool Buffers of {@link writeBytes}: fresh ones for every block would cost more than reading it.
 */
export const sendLeaves = async (
  response: ServerResponse,
  headers: Readonly<Record<string, string | number>>,
  feed: LeafFeed,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<void> => {
  let at = 0
  let filled = pool.take()
  let other = pool.take()
  try {
    let reading = readBatch(feed, at, filled)
    while (at < feed.count) {
      while (!feed.admit(at)) await feed.opened(signal)
      let end = at + 1
      while (end < Math.min(at + leavesPerWrite, feed.count) && feed.admit(end)) end++
      const leaves = (await reading).slice(0, end - at)
      if (at === 0) response.writeHead(200, headers)
      signal.throwIfAborted()
      // The store works on the next batch while this one leaves; reading ahead promises nothing and counts nothing.
      reading = readBatch(feed, end, other)
      at = end
      await writeAll(response, leaves, signal)
      ;[filled, other] = [other, filled]
    }
    await endAll(response, signal)
    // After a failure somebody may still read from them, or into them.
    pool.give(filled)
    pool.give(other)
  } finally {
    feed.close(at, response.writableFinished)
  }
}

const readBatch = (feed: LeafFeed, from: number, into: ArrayBuffer): Promise<Uint8Array[]> => {
  const count = Math.min(leavesPerWrite, feed.count - from)
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
