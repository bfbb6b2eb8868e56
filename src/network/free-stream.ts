import type { Connection, Stream } from '@libp2p/interface'
import { byeSchema } from '#protocol/exchange.ts'
import { parseFields } from '#protocol/fields.ts'
import {
  decodeFreeQuestion,
  encodeFreeQuestion,
  type FreeQuestion,
  maxFreeQuestionBytes,
  maxPartBytes,
} from '#protocol/free.ts'
import { decodeJson, encodeJson } from '#protocol/json.ts'
import { concatBytes } from '#std/bytes.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import { dataPlaneUrls, messageAddresses } from './address.ts'
import { fetchWhole } from './block-client.ts'
import type { BlockSource } from './block-server.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import { dialTarget } from './mail-stream.ts'
import type { MessageNode } from './message-node.ts'

/** What the data plane gives to everybody, for those who have none: one question a stream. */
export const freeProtocol = '/paratii/free/1'
const turnMs = 20_000
/** Parts of one answer that may wait: the longest head. */
const maxParts = 136

type FreeSource = Pick<BlockSource, 'hosts' | 'head'>

/** Answers `/paratii/free/1` on a node until the function it returns is called. */
export const serveFree = async (node: MessageNode, source: FreeSource): Promise<() => Promise<void>> => {
  const stopping = new AbortController()
  await node.handle(
    freeProtocol,
    (stream: Stream, { remoteAddr }: Connection) => {
      // Rates are by network: who comes through a relay shares that one's.
      const peer =
        remoteAddr.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(turnMs)])
      return answer(frameStream(stream, maxFreeQuestionBytes), source, peer, signal)
    },
    { maxInboundStreams: 4 },
  )
  return async () => {
    await node.unhandle(freeProtocol)
    stopping.abort(new ParatiiError('stopping'))
  }
}

const answer = async (frames: FrameStream, source: FreeSource, peer: string, signal: AbortSignal) => {
  try {
    const bytes = await find(frames, source, peer, signal)
    for (let at = 0; at < bytes.length; at += maxPartBytes)
      await frames.write('part', bytes.subarray(at, at + maxPartBytes), signal)
    await frames.write('end', encodeJson({}), signal)
    await frames.close()
  } catch (thrown) {
    const { code } = errorFrom(thrown)
    await frames.write('bye', encodeJson({ code }), AbortSignal.timeout(turnMs)).catch(() => {})
    await frames.close()
  } finally {
    frames.abort(new ParatiiError('aborted'))
  }
}

const find = async (
  frames: FrameStream,
  source: FreeSource,
  peer: string,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined) throw new ParatiiError('peer-unreachable')
    const question = orThrow(decodeFreeQuestion(frame.cmd, frame.data))
    if (question?.cmd === 'gethosts') return source.hosts(question.body.id, signal)
    if (question?.cmd === 'gethead') return source.head(question.body.root, peer, signal)
  }
}

/**
 * The answer of one node to a question, over HTTP where it has that and answers, else over libp2p. Throws the code that it
 * refused with, or `host-unreachable`.
 */
export const askFree = async (
  node: MessageNode,
  addresses: readonly string[],
  question: FreeQuestion,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  let failure = new ParatiiError('host-unreachable', { reason: 'no address' })
  const ways = [
    ...dataPlaneUrls(addresses).map(url => () => fetchWhole(`${url}${pathOf(question)}`, maxBytes, signal)),
    ...(messageAddresses(addresses).length === 0
      ? []
      : [() => askByStream(node, addresses, question, maxBytes, signal)]),
  ]
  for (const ask of ways) {
    try {
      return await ask()
    } catch (thrown) {
      signal.throwIfAborted()
      failure = errorFrom(thrown, 'host-unreachable')
    }
  }
  throw failure
}

const pathOf = (question: FreeQuestion): string =>
  question.cmd === 'gethosts'
    ? `/paratii/1/hosts/${question.body.id}`
    : `/paratii/1/head/${question.body.root}`

const askByStream = async (
  node: MessageNode,
  addresses: readonly string[],
  question: FreeQuestion,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  const turn = AbortSignal.any([signal, AbortSignal.timeout(turnMs)])
  let frames: FrameStream | undefined
  try {
    const stream = await node.dialProtocol(dialTarget({ addresses }), freeProtocol, { signal: turn })
    frames = frameStream(stream, maxPartBytes, maxParts)
    await frames.write(question.cmd, encodeFreeQuestion(question), turn)
    return await hearParts(frames, maxBytes, turn)
  } finally {
    frames?.abort(new ParatiiError('aborted'))
  }
}

const hearParts = async (frames: FrameStream, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let byteCount = 0
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined) throw new ParatiiError('host-unreachable', { reason: 'stream ended' })
    if (frame.cmd === 'end') return concatBytes(...parts)
    if (frame.cmd === 'bye') throw refusalFrom(frame.data)
    if (frame.cmd !== 'part') continue
    byteCount += frame.data.length
    if (byteCount > maxBytes) throw new ParatiiError('directory-malformed', { reason: 'too long' })
    parts.push(frame.data)
  }
}

const refusalFrom = (data: Uint8Array): ParatiiError => {
  const json = decodeJson(data, 1024)
  const bye = json.ok ? parseFields(byeSchema, json.value, 'message-malformed') : json
  const code = bye.ok ? bye.value.code : undefined
  return isErrorCode(code) ? new ParatiiError(code) : new ParatiiError('host-unreachable')
}
