import type { Stream } from '@libp2p/interface'
import { createFrameDecoder, encodeFrame, type Frame } from '#protocol/frame.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'

/** Frames over one libp2p stream. */
export type FrameStream = {
  /**
   * The next frame; undefined once the other side has ended well. Throws ParatiiError for anything else. `onBytes` is
   * called when a part of it arrives: a slow line is not a dead one.
   */
  read(signal: AbortSignal, onBytes?: () => void): Promise<Frame | undefined>
  /** Resolves when the frame is on its way and there is room for more. */
  write(cmd: string, data: Uint8Array, signal: AbortSignal): Promise<void>
  /** Ends our side; what was written still arrives. */
  close(): Promise<void>
  /** Ends both sides at once. */
  abort(error: Error): void
}

/** Frames that may wait unread where both sides take turns: a peer that sends more floods us. */
const maxTurns = 32
const closeMs = 5_000

/**
 * Cuts a stream into frames of at most `maxDataBytes`; what breaks the rules aborts the stream, as do more than `maxUnread`
 * frames, or `maxUnreadBytes` of them, that nobody has read.
 */
export const frameStream = (
  stream: Stream,
  maxDataBytes: number,
  maxUnread = maxTurns,
  maxUnreadBytes = maxUnread * maxDataBytes,
): FrameStream => {
  const decoder = createFrameDecoder(maxDataBytes)
  const unread: Frame[] = []
  let unreadBytes = 0
  let end: { readonly error?: ParatiiError } | undefined
  let wake: (() => void) | undefined
  let hear: (() => void) | undefined

  const finish = (error?: ParatiiError): void => {
    end ??= error === undefined ? {} : { error }
    wake?.()
  }
  const fail = (thrown: unknown): void => {
    const error = errorFrom(thrown, 'peer-unreachable')
    finish(error)
    stream.abort(error)
  }
  stream.addEventListener('message', event => {
    try {
      hear?.()
      for (const frame of orThrow(decoder.push(event.data.subarray()))) {
        unread.push(frame)
        unreadBytes += frame.data.length
      }
      if (unread.length > maxUnread || unreadBytes > maxUnreadBytes)
        throw new ParatiiError('rate-limited', { unread: unread.length })
      wake?.()
    } catch (thrown) {
      fail(thrown)
    }
  })
  const finishWell = () => {
    finish(decoder.isBetweenFrames() ? undefined : new ParatiiError('frame-malformed', { reason: 'cut' }))
  }
  stream.addEventListener('end', finishWell)
  stream.addEventListener('close', event => {
    if (event.error === undefined) finishWell()
    else finish(errorFrom(event.error, 'peer-unreachable'))
  })
  if (stream.readableEnded) finishWell()

  return {
    async read(signal, onBytes) {
      hear = onBytes
      while (unread.length === 0 && end === undefined) {
        signal.throwIfAborted()
        await new Promise<void>(resolve => {
          const go = () => {
            signal.removeEventListener('abort', go)
            resolve()
          }
          wake = go
          signal.addEventListener('abort', go)
        })
      }
      const frame = unread.shift()
      unreadBytes -= frame?.data.length ?? 0
      if (frame === undefined && end?.error !== undefined) throw end.error
      return frame
    },
    async write(cmd, data, signal) {
      try {
        if (!stream.send(encodeFrame(cmd, data))) await stream.onDrain({ signal })
      } catch (thrown) {
        throw end?.error ?? errorFrom(thrown, 'peer-unreachable')
      }
    },
    async close() {
      await stream.close({ signal: AbortSignal.timeout(closeMs) }).catch(() => {})
    },
    abort(error) {
      finish(errorFrom(error))
      if (stream.status === 'open' || stream.status === 'closing') stream.abort(error)
    },
  }
}
