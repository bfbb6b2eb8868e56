import type { Stream } from '@libp2p/interface'
import {
  type ChunkHead,
  decodeWatch,
  encodeWatch,
  type SourceInit,
  type Want,
  type WatchAck,
  type WatcherInit,
} from '#protocol/watch.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { MessageNode } from './message-node.ts'
import { watchDataBytes, watchProtocol, watchTurnMs, writeData } from './watch-frames.ts'

/** One viewing as a source serves it. */
export type Viewing = {
  readonly ack: WatchAck
  /** The head of the video's directory, as a CAR. */
  head(signal: AbortSignal): Promise<Uint8Array>
  /**
   * Decides on a want and stores what follows from it before it resolves; undefined when the viewing ended well.
   * Throws ParatiiError to refuse, which ends the stream.
   */
  want(want: Want, signal: AbortSignal): Promise<{ head: ChunkHead; bytes: Uint8Array } | undefined>
}

export type WatchSource = {
  /** A first word with a nonce never used before. */
  greet(): SourceInit
  /** Checks a watcher's first word; throws ParatiiError to refuse. */
  open(init: WatcherInit, greeting: SourceInit, signal: AbortSignal): Promise<Viewing>
}

/** Answers watch streams on a node until the function it returns is called. */
export const serveWatch = async (node: MessageNode, source: WatchSource): Promise<() => Promise<void>> => {
  const stopping = new AbortController()
  await node.handle(
    watchProtocol,
    (stream: Stream) => run(frameStream(stream, watchDataBytes), source, stopping.signal),
    { maxInboundStreams: 64 },
  )
  return async () => {
    await node.unhandle(watchProtocol)
    stopping.abort(new ParatiiError('stopping'))
  }
}

const run = async (frames: FrameStream, source: WatchSource, stopping: AbortSignal): Promise<void> => {
  try {
    const viewing = await introduce(frames, source, stopping)
    await answerWants(frames, viewing, stopping)
    await frames.close()
  } catch (thrown) {
    await sayBye(frames, errorFrom(thrown).code)
  } finally {
    frames.abort(new ParatiiError('aborted'))
  }
}

const introduce = async (
  frames: FrameStream,
  source: WatchSource,
  stopping: AbortSignal,
): Promise<Viewing> => {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(watchTurnMs)])
  const greeting = source.greet()
  await frames.write('greet', encodeWatch(greeting), signal)
  const frame = await frames.read(signal)
  if (frame?.cmd !== 'init') throw new ParatiiError('message-malformed', { reason: 'no init' })
  const viewing = await source.open(orThrow(decodeWatch('init', frame.data)), greeting, signal)
  await frames.write('initack', encodeWatch(viewing.ack), signal)
  return viewing
}

/** Until the watcher leaves. A film that is paused may be silent for hours: there is no timeout here. */
const answerWants = async (frames: FrameStream, viewing: Viewing, signal: AbortSignal): Promise<void> => {
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined || frame.cmd === 'bye') return
    if (frame.cmd === 'gethead') {
      const car = await viewing.head(signal)
      await frames.write('head', encodeWatch({ bytes: car.length }), signal)
      await writeData(frames, car, signal)
    } else if (frame.cmd === 'want') {
      const sent = await viewing.want(orThrow(decodeWatch('want', frame.data)), signal)
      if (sent === undefined) return sayBye(frames, 'done')
      await frames.write('chunk', encodeWatch(sent.head), signal)
      await writeData(frames, sent.bytes, signal)
    }
  }
}

/** Peers get a code, nothing of our insides. */
const sayBye = async (frames: FrameStream, code: string): Promise<void> => {
  try {
    await frames.write('bye', encodeWatch({ code }), AbortSignal.timeout(watchTurnMs))
    await frames.close()
  } catch {
    // Nobody is there to hear it.
  }
}
