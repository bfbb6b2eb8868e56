import type { StreamHead } from '#bridge/stream.ts'
import { receiveStream } from '#bridge/stream-receiver.ts'

export type OpenedStream = { readonly head: StreamHead; readonly body: ReadableStream<Uint8Array> }

/**
 * Reads what {@link sendStream} sends, as the body of a response. Nothing is read ahead of the page, and a buffer
 * goes back when the next is asked for: that is the sender's credit. Throws as {@link receiveStream} does.
 */
export async function openStream(port: MessagePort, senderEnded: AbortSignal): Promise<OpenedStream> {
  const stream = await receiveStream(port, senderEnded)
  let lent: Uint8Array<ArrayBuffer> | undefined
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (lent !== undefined) stream.giveBack(lent)
        lent = undefined
        lent = await stream.next()
        if (lent === undefined) controller.close()
        else controller.enqueue(lent)
      },
      cancel: () => stream.cancel(),
    },
    // Reading ahead would hold a buffer that the page may still be reading from, and pay for what nobody asked.
    { highWaterMark: 0 },
  )
  return { head: stream.head, body }
}
