import * as v from 'valibot'
import { failureOf } from '#bridge/failure.ts'
import { type StreamHead, streamBufferLength, streamReply } from '#bridge/stream.ts'

/** What is sent: the facts first, then verified bytes in order. */
export type StreamSource = Omit<StreamHead, 'type'> & {
  /** Each piece lies in a buffer of its own, which is sent as it is. */
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>
  /** Takes a buffer back that the reader is done with. */
  recycle(buffer: ArrayBuffer): void
}

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
    const { body, recycle, ...head } = await open(reader.signal)
    reader.onBack(recycle)
    port.postMessage({ type: 'head', ...head })
    // Nothing is asked of the source before there is leave to send it.
    await reader.leave()
    for await (const { buffer, byteOffset: offset, length } of body) {
      reader.lend()
      port.postMessage({ type: 'bytes', buffer, offset, length }, [buffer])
      await reader.leave()
    }
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
  let credit = 0
  /** Buffers that the reader has. */
  let lent = 0
  let takeBack: ((buffer: ArrayBuffer) => void) | undefined
  let wake: (() => void) | undefined

  const cancel = (): void => {
    ended.removeEventListener('abort', cancel)
    cancelled.abort()
    wake?.()
  }
  port.addEventListener('close', cancel)
  ended.addEventListener('abort', cancel)
  if (ended.aborted) cancel()
  port.addEventListener('message', ({ data }) => {
    const reply = v.safeParse(streamReply, data)
    if (!reply.success || reply.output.type === 'cancel') return cancel()
    if (reply.output.type === 'credit') credit += reply.output.buffers
    else if (lent === 0 || reply.output.buffer.byteLength > streamBufferLength) return cancel()
    else {
      lent--
      credit++
      takeBack?.(reply.output.buffer)
    }
    wake?.()
  })
  port.start()

  return {
    signal: cancelled.signal,
    onBack(take: (buffer: ArrayBuffer) => void): void {
      takeBack = take
    },
    lend(): void {
      credit--
      lent++
    },
    /** Resolves as soon as the reader has credit for one buffer more. */
    async leave(): Promise<void> {
      for (;;) {
        cancelled.signal.throwIfAborted()
        if (credit > 0) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
  }
}
