import * as v from 'valibot'
import { failureOf } from '#bridge/failure.ts'
import { type StreamHead, streamBufferLength, streamReply } from '#bridge/stream.ts'

/** What is sent: the facts first, then verified bytes in order. */
export type StreamSource = Omit<StreamHead, 'type'> & { readonly body: AsyncIterable<Uint8Array> }

/**
 * Sends a source over a port, never more buffers than its reader granted or gave back: a stalled reader stops the
 * reading, and so the paying. Ends with the source, when the reader cancels, or when `readerEnded` says that it is gone.
 */
export async function sendStream(
  port: MessagePort,
  readerEnded: AbortSignal,
  open: (signal: AbortSignal) => Promise<StreamSource>,
): Promise<void> {
  const reader = listenToReader(port, readerEnded)
  try {
    const { body, ...head } = await open(reader.signal)
    port.postMessage({ type: 'head', ...head })
    let buffer = new ArrayBuffer(0)
    let length = 0
    const flush = (): void => {
      port.postMessage({ type: 'bytes', buffer, length }, [buffer])
      length = 0
    }
    for await (const part of body) {
      for (let at = 0; at < part.length; ) {
        if (length === 0) buffer = await reader.takeBuffer()
        const taken = Math.min(part.length - at, streamBufferLength - length)
        new Uint8Array(buffer, length, taken).set(part.subarray(at, at + taken))
        at += taken
        length += taken
        if (length === streamBufferLength) flush()
      }
    }
    if (length > 0) flush()
    port.postMessage({ type: 'end' })
  } catch (thrown) {
    if (!reader.signal.aborted) port.postMessage({ type: 'failed', failure: failureOf(thrown) })
  } finally {
    // Once the last message is delivered the reader closes its end.
    if (reader.signal.aborted) port.close()
  }
}

function listenToReader(port: MessagePort, ended: AbortSignal) {
  const cancelled = new AbortController()
  const spare: ArrayBuffer[] = []
  let unmade = 0
  let wake: (() => void) | undefined

  const cancel = (): void => {
    cancelled.abort()
    wake?.()
  }
  port.addEventListener('close', cancel)
  ended.addEventListener('abort', cancel)
  port.addEventListener('message', ({ data }) => {
    const reply = v.safeParse(streamReply, data)
    if (!reply.success || reply.output.type === 'cancel') return cancel()
    if (reply.output.type === 'credit') unmade += reply.output.buffers
    else if (reply.output.buffer.byteLength === streamBufferLength) spare.push(reply.output.buffer)
    else return cancel()
    wake?.()
  })
  port.start()

  return {
    signal: cancelled.signal,
    /** A buffer to fill, as soon as the reader grants one. */
    async takeBuffer(): Promise<ArrayBuffer> {
      for (;;) {
        cancelled.signal.throwIfAborted()
        // A buffer that was used is warm: filling it is twenty times faster than filling fresh memory.
        const buffer = spare.pop()
        if (buffer !== undefined) return buffer
        if (unmade > 0) {
          unmade--
          return new ArrayBuffer(streamBufferLength)
        }
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
  }
}
