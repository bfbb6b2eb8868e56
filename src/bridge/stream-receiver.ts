import * as v from 'valibot'
import { ParatiiError } from '#std/error.ts'
import { errorOf } from './failure.ts'
import { type StreamHead, type StreamMessage, streamCredit, streamMessage } from './stream.ts'

/** Verified bytes as the node sends them over one port, for a page or for the service worker. */
export type ReceivedStream = {
  readonly head: StreamHead
  /**
   * The next bytes in order, undefined after the last. Throws what the source threw, `stopping` when the node ended.
   * Their buffer is the reader's until it is given back.
   */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Gives the buffer of bytes back: the credit for the next. They must no longer be used. */
  giveBack(bytes: Uint8Array<ArrayBuffer>): void
  /** Wants no more of it. */
  cancel(): void
}

/**
 * Receives what the node's sender posts: at most the granted buffers are under way, so a reader that stands still stops
 * the source. Throws what the source threw before its head, `stopping` when `senderEnded` says that nothing will come.
 */
export async function receiveStream(port: MessagePort, senderEnded: AbortSignal): Promise<ReceivedStream> {
  const inbox: StreamMessage[] = []
  let wake: (() => void) | undefined
  const receive = (message: StreamMessage): void => {
    inbox.push(message)
    wake?.()
  }
  const stopped: StreamMessage = { type: 'failed', failure: { code: 'stopping', details: {} } }
  const stop = (): void => receive(stopped)
  const close = (): void => {
    senderEnded.removeEventListener('abort', stop)
    port.close()
  }
  port.addEventListener('close', stop)
  senderEnded.addEventListener('abort', stop)
  port.addEventListener('message', ({ data }) => {
    const message = v.safeParse(streamMessage, data)
    receive(message.success ? message.output : { type: 'failed', failure: { code: 'fault', details: {} } })
  })
  port.start()
  port.postMessage({ type: 'credit', buffers: streamCredit })
  if (senderEnded.aborted) stop()

  const nextMessage = async (): Promise<StreamMessage> => {
    for (;;) {
      const message = inbox.shift()
      if (message !== undefined) return message
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  const failureIn = (message: StreamMessage): Error =>
    message.type === 'failed' ? errorOf(message.failure) : new ParatiiError('fault')

  const head = await nextMessage()
  if (head.type !== 'head') {
    close()
    throw failureIn(head)
  }
  return {
    head,
    async next() {
      const message = await nextMessage()
      if (message.type === 'bytes') return new Uint8Array(message.buffer, message.offset, message.length)
      close()
      if (message.type === 'end') return undefined
      throw failureIn(message)
    },
    giveBack({ buffer }) {
      port.postMessage({ type: 'back', buffer }, [buffer])
    },
    cancel() {
      port.postMessage({ type: 'cancel' })
      close()
    },
  }
}
