import { multiaddr } from '@multiformats/multiaddr'
import {
  type ChunkHead,
  decodeWatch,
  encodeWatch,
  type SourceInit,
  type Want,
  type WatchAck,
  type WatchBodies,
  type WatcherInit,
} from '#protocol/watch.ts'
import type { PublicKey } from '#std/brand.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import { messageAddresses } from './address.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { MessageNode } from './message-node.ts'
import { readData, watchDataBytes, watchProtocol, watchTurnMs } from './watch-frames.ts'

/** A watcher's open stream with a source. Calls one after the other. */
export type WatchLink = {
  readonly source: SourceInit
  readonly ack: WatchAck
  /** The head of the directory, as a CAR. Not checked. */
  head(signal: AbortSignal): Promise<Uint8Array>
  /** The chunk that came for a want, its bytes not checked; undefined when the source said that all is done. */
  want(want: Want, signal: AbortSignal): Promise<{ head: ChunkHead; bytes: Uint8Array } | undefined>
  close(): Promise<void>
}

export type WatchLinkOptions = {
  readonly addresses: readonly string[]
  /** Makes the first word from the source's greeting; throws to leave. */
  readonly introduce: (greeting: SourceInit) => WatcherInit
  /** The key that the source must greet by. */
  readonly source: PublicKey
  readonly signal: AbortSignal
}

/** Opens a watch stream; throws ParatiiError with the source's code when it refuses, or `peer-unreachable`. */
export const openWatch = async (node: MessageNode, options: WatchLinkOptions): Promise<WatchLink> => {
  const signal = turnOf(options.signal)
  const addresses = messageAddresses(options.addresses).map(address => multiaddr(address))
  if (addresses.length === 0) throw new ParatiiError('peer-unreachable', { reason: 'no address' })
  let frames: FrameStream | undefined
  try {
    frames = frameStream(await node.dialProtocol(addresses, watchProtocol, { signal }), watchDataBytes)
    const greeting = await hear(frames, 'greet', signal)
    if (greeting.key !== options.source) throw new ParatiiError('signature-invalid', { field: 'key' })
    await frames.write('init', encodeWatch(options.introduce(greeting)), signal)
    const ack = await hear(frames, 'initack', signal)
    return linkOver(frames, greeting, ack)
  } catch (thrown) {
    const error = errorFrom(thrown, 'peer-unreachable')
    frames?.abort(error)
    throw error
  }
}

const linkOver = (frames: FrameStream, source: SourceInit, ack: WatchAck): WatchLink => ({
  source,
  ack,
  async head(signal) {
    const turn = turnOf(signal)
    await frames.write('gethead', new Uint8Array(0), turn)
    const { bytes } = await hear(frames, 'head', turn)
    return readData(frames, bytes, turn)
  },
  async want(want, signal) {
    const turn = turnOf(signal)
    await frames.write('want', encodeWatch(want), turn)
    const frame = await frames.read(turn)
    if (frame?.cmd === 'bye' && orThrow(decodeWatch('bye', frame.data)).code === 'done') return undefined
    const head = parse(frame, 'chunk')
    return { head, bytes: await readData(frames, head.bytes, turn) }
  },
  async close() {
    await frames
      .write('bye', encodeWatch({ code: 'done' }), AbortSignal.timeout(watchTurnMs))
      .then(() => frames.close())
      .catch(() => {})
    frames.abort(new ParatiiError('aborted'))
  },
})

const turnOf = (signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(watchTurnMs)])

const hear = async <C extends keyof WatchBodies>(
  frames: FrameStream,
  cmd: C,
  signal: AbortSignal,
): Promise<WatchBodies[C]> => parse(await frames.read(signal), cmd)

/** The body of the frame that is due; the code of a good-bye in its place is thrown. */
const parse = <C extends keyof WatchBodies>(
  frame: { readonly cmd: string; readonly data: Uint8Array } | undefined,
  cmd: C,
): WatchBodies[C] => {
  if (frame === undefined) throw new ParatiiError('peer-unreachable', { reason: 'ended' })
  if (frame.cmd === 'bye') {
    const { code } = orThrow(decodeWatch('bye', frame.data))
    throw new ParatiiError(isErrorCode(code) ? code : 'unsupported', { code })
  }
  if (frame.cmd !== cmd) throw new ParatiiError('message-malformed', { reason: `${frame.cmd} out of turn` })
  return orThrow(decodeWatch(cmd, frame.data))
}
