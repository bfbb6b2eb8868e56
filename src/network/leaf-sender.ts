import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'

/** The leaves of one admitted request, in the order asked. */
export type LeafFeed = {
  readonly count: number
  readonly byteLength: number
  /** True when this leaf may be sent now, which counts it as sent; asking again about the same leaf changes nothing. */
  admit(position: number): boolean
  /** Resolves when it makes sense to ask `admit` again; rejects when the window stays shut for too long. */
  opened(signal: AbortSignal): Promise<void>
  read(position: number): Promise<Uint8Array>
  /** Called once: so many leaves were written, and all of it left (`isWhole`) or may be lost on the way. */
  close(sentLeaves: number, isWhole: boolean): void
}

/** Leaves in one write, 1 MiB: fewer, larger writes are what a fast stream is made of. */
const leavesPerWrite = 4

/**
 * Answers with the leaves of a feed. Each write waits for the one before to drain, so a reader that stops reading
 * stops this, and what is not admitted is never sent. Rejects when the window stays shut (before the head is out as
 * long as no leaf was admitted), a block cannot be read, or the reader went away.
 */
export const sendLeaves = async (
  response: ServerResponse,
  headers: Readonly<Record<string, string | number>>,
  feed: LeafFeed,
  signal: AbortSignal,
): Promise<void> => {
  let at = 0
  try {
    let reading = readBatch(feed, at)
    while (at < feed.count) {
      while (!feed.admit(at)) await feed.opened(signal)
      let end = at + 1
      while (end < Math.min(at + leavesPerWrite, feed.count) && feed.admit(end)) end++
      const leaves = (await reading).slice(0, end - at)
      if (at === 0) response.writeHead(200, headers)
      signal.throwIfAborted()
      // The store works on the next batch while this one drains; reading ahead promises nothing and counts nothing.
      reading = readBatch(feed, end)
      response.cork()
      let hasRoom = true
      for (const leaf of leaves) hasRoom = response.write(leaf)
      response.uncork()
      at = end
      if (!hasRoom) await once(response, 'drain', { signal })
    }
    response.end()
    await finished(response, { signal })
  } finally {
    feed.close(at, response.writableFinished)
  }
}

const readBatch = (feed: LeafFeed, from: number): Promise<Uint8Array[]> => {
  const count = Math.min(leavesPerWrite, feed.count - from)
  const batch = Promise.all(Array.from({ length: count }, (_, i) => feed.read(from + i)))
  // It may be dropped unread when the asker goes away.
  batch.catch(() => {})
  return batch
}
