import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** The leaves of one admitted request, in the order asked. */
export type LeafFeed = {
  readonly count: number
  readonly byteLength: number
  /** True when this leaf may be sent now, which counts it as sent; asking again about the same leaf changes nothing. */
  admit(position: number): boolean
  /** Resolves when it makes sense to ask `admit` again; rejects when the window stays shut for too long. */
  opened(signal: AbortSignal): Promise<void>
  read(position: number): Promise<Uint8Array>
  /** To be called once, at the end or when the asker went away. */
  close(): void
}

/** Leaves in one write, 1 MiB: fewer, larger writes are what a fast stream is made of. */
const leavesPerWrite = 4

/** Waits until a leaf may be sent. */
export const awaitAdmission = async (
  feed: LeafFeed,
  position: number,
  signal: AbortSignal,
): Promise<void> => {
  while (!feed.admit(position)) await feed.opened(signal)
}

/**
 * Writes the leaves of a feed and ends the response. Each write waits for the one before to drain, so a reader
 * that stops reading stops this, and what it has not admitted is never sent. Rejects when the window stays shut,
 * a block cannot be read, or the reader went away.
 */
export const sendLeaves = async (
  response: ServerResponse,
  feed: LeafFeed,
  signal: AbortSignal,
): Promise<void> => {
  let reading = readBatch(feed, 0)
  for (let at = 0; at < feed.count; ) {
    await awaitAdmission(feed, at, signal)
    let end = at + 1
    while (end < Math.min(at + leavesPerWrite, feed.count) && feed.admit(end)) end++
    const leaves = (await reading).slice(0, end - at)
    at = end
    // The store works on the next batch while this one drains; reading ahead promises nothing and counts nothing.
    reading = readBatch(feed, at)
    response.cork()
    let drained = true
    for (const leaf of leaves) drained = response.write(leaf)
    response.uncork()
    if (!drained) await once(response, 'drain', { signal })
  }
  response.end()
}

const readBatch = (feed: LeafFeed, from: number): Promise<Uint8Array[]> => {
  const count = Math.min(leavesPerWrite, feed.count - from)
  const batch = Promise.all(Array.from({ length: count }, (_, i) => feed.read(from + i)))
  // It may be dropped unread when the asker goes away.
  batch.catch(() => {})
  return batch
}
