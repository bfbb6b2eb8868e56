import { failureOf } from '#bridge/failure.ts'
import { streamStatusOf } from '#bridge/stream.ts'
import type { ReceivedStream } from '#bridge/stream-receiver.ts'
import { errorFrom } from '#std/error.ts'
import { SegmentAhead } from './segment-ahead.ts'
import type { Shaka } from './shaka.ts'
import type { AskedRange, StreamChannel } from './stream-channel.ts'

/** A scheme of its own: what else asks for `/stream/…` still gets it from the service worker. */
const scheme = 'paratii'
const prefix = `${scheme}://purchase/`
const progressEveryMs = 100

/** Where shaka finds a file of the purchase that its page plays. */
export const portUrl = (path: string): string => `${prefix}${path}`

/** Makes shaka read a purchase over a channel; the function returned ends that. */
export function registerChannel(shaka: Shaka, channel: StreamChannel): () => void {
  const { NetworkingEngine } = shaka.net
  const { APPLICATION } = NetworkingEngine.PluginPriority
  const ahead = new SegmentAhead(channel)
  NetworkingEngine.registerScheme(scheme, createPlugin(shaka, channel, ahead), APPLICATION, true)
  return () => {
    NetworkingEngine.unregisterScheme(scheme)
    ahead.end()
  }
}

type Plugin = Parameters<Shaka['net']['NetworkingEngine']['registerScheme']>[1]
type RequestType = Parameters<Plugin>[2]

const createPlugin =
  (shaka: Shaka, channel: StreamChannel, ahead: SegmentAhead): Plugin =>
  (uri, request, requestType, progressed, headersReceived) => {
    const abort = new AbortController()
    const load = async () => {
      const startedAtMs = Date.now()
      try {
        const path = uri.slice(prefix.length)
        const headMs = ahead.take(path)
        const stream = await channel.read(path, rangeOf(request.headers.Range), abort.signal)
        const headers = { 'content-type': stream.head.contentType }
        headersReceived(headers)
        const data = await readWhole(stream, abort.signal, progressed, headMs)
        const { size, start, end } = stream.head
        if (end === size) ahead.after(path)
        return {
          uri,
          originalUri: uri,
          data,
          status: end - start < size ? 206 : 200,
          headers,
          timeMs: Date.now() - startedAtMs,
          fromCache: false,
          originalRequest: request,
        }
      } catch (thrown) {
        throw abort.signal.aborted
          ? abortedError(shaka, uri, requestType)
          : refusal(shaka, uri, requestType, thrown)
      }
    }
    return new shaka.util.AbortableOperation(load(), async () => abort.abort())
  }

/** `bytes=3-9`, `bytes=3-`: what shaka asks for. */
function rangeOf(header: string | undefined): AskedRange | undefined {
  const found = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (found === null) return undefined
  const [, first, last] = found
  return last === '' ? { first: Number(first) } : { first: Number(first), last: Number(last) }
}

/**
 * Copies a stream together, telling what came every 100 ms: what shaka measures the line by. Its first
 * piece, where that was fetched ahead, took as long as it took then.
 */
export async function readWhole(
  stream: ReceivedStream,
  signal: AbortSignal,
  progressed: (timeMs: number, bytes: number, bytesLeft: number) => void,
  headMs?: number,
): Promise<ArrayBuffer> {
  const { start, end } = stream.head
  const data = new Uint8Array(end - start)
  let at = 0
  let told = { at: 0, timeMs: performance.now() }
  const tell = (nowMs: number): void => {
    progressed(nowMs - told.timeMs, at - told.at, data.length - at)
    told = { at, timeMs: nowMs }
  }
  const stop = (): void => stream.cancel()
  signal.addEventListener('abort', stop)
  try {
    for (;;) {
      signal.throwIfAborted()
      const bytes = await stream.next()
      if (bytes === undefined) break
      data.set(bytes, at)
      at += bytes.length
      stream.giveBack(bytes)
      const nowMs = performance.now()
      if (headMs !== undefined && told.at === 0) {
        progressed(headMs, at, data.length - at)
        told = { at, timeMs: nowMs }
      }
      if (nowMs - told.timeMs >= progressEveryMs) tell(nowMs)
    }
    if (told.at < at) tell(performance.now())
    return data.buffer
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** As the HTTP plugin fails for a status: with the body that the service worker would answer. */
function refusal(shaka: Shaka, uri: string, type: RequestType, thrown: unknown) {
  const { Severity, Category, Code } = shaka.util.Error
  const failure = failureOf(errorFrom(thrown, 'host-unreachable'))
  const status = streamStatusOf(failure.code)
  const isFinal = status === 401 || status === 403
  const severity = isFinal ? Severity.CRITICAL : Severity.RECOVERABLE
  const body = JSON.stringify(failure)
  return new shaka.util.Error(
    severity,
    Category.NETWORK,
    Code.BAD_HTTP_STATUS,
    uri,
    status,
    body,
    {},
    type,
    uri,
  )
}

const abortedError = (shaka: Shaka, uri: string, type: RequestType) => {
  const { Severity, Category, Code } = shaka.util.Error
  return new shaka.util.Error(Severity.RECOVERABLE, Category.PLAYER, Code.OPERATION_ABORTED, uri, type)
}
