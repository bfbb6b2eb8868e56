import * as v from 'valibot'
import { errorOf } from '#bridge/failure.ts'
import { type StreamHead, type StreamMessage, streamCredit, streamMessage } from '#bridge/stream.ts'
import { ParatiiError } from '#std/error.ts'

export type OpenedStream = { readonly head: StreamHead; readonly body: ReadableStream<Uint8Array> }

/**
 * Reads what {@link sendStream} sends, as the body of a response. Nothing is read ahead of the page, and a buffer
 * goes back when the next is asked for: that is the sender's credit. Throws what the source threw before its head,
 * `stopping` when `senderEnded` says that nothing more will come.
 */
export async function openStream(port: MessagePort, senderEnded: AbortSignal): Promise<OpenedStream> {
  const inbox: StreamMessage[] = []
  let wake: (() => void) | undefined
  const receive = (message: StreamMessage): void => {
    inbox.push(message)
    wake?.()
  }
  const stopped: StreamMessage = { type: 'failed', failure: { code: 'stopping', details: {} } }
  port.addEventListener('close', () => receive(stopped))
  senderEnded.addEventListener('abort', () => receive(stopped))
  port.addEventListener('message', ({ data }) => {
    const message = v.safeParse(streamMessage, data)
    receive(message.success ? message.output : { type: 'failed', failure: { code: 'fault', details: {} } })
  })
  port.start()
  port.postMessage({ type: 'credit', buffers: streamCredit })

  const next = async (): Promise<StreamMessage> => {
    for (;;) {
      const message = inbox.shift()
      if (message !== undefined) return message
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }

  const head = await next()
  if (head.type !== 'head') {
    port.close()
    throw head.type === 'failed' ? errorOf(head.failure) : new ParatiiError('fault')
  }

  let lent: ArrayBuffer | undefined
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (lent !== undefined) port.postMessage({ type: 'back', buffer: lent }, [lent])
        lent = undefined
        const message = await next()
        if (message.type === 'bytes') {
          lent = message.buffer
          return controller.enqueue(new Uint8Array(message.buffer, 0, message.length))
        }
        port.close()
        if (message.type === 'end') controller.close()
        else
          controller.error(message.type === 'failed' ? errorOf(message.failure) : new ParatiiError('fault'))
      },
      cancel() {
        port.postMessage({ type: 'cancel' })
        port.close()
      },
    },
    // Reading ahead would hold a buffer that the page may still be reading from, and pay for what nobody asked.
    { highWaterMark: 0 },
  )
  return { head, body }
}
