import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { maxEnvelopeBytes } from '#protocol/envelope.ts'
import { decodeJson, encodeJson } from '#protocol/json.ts'
import { errorFrom, isErrorCode, ParatiiError } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'
import { messageAddresses } from './address.ts'
import { type FrameStream, frameStream } from './frame-stream.ts'
import type { MessageNode } from './message-node.ts'

/**
 * One envelope a stream: the sender's frame `mail` holds it, the receiver's frame `mailack` says `{}` once it has
 * stored what it must, or `{code}` to refuse. The connection says who acknowledges, so acks need no signature.
 */
export const mailProtocol = '/paratii/mail/1'
const mailTurnMs = 20_000
const maxAckBytes = 1024

/** Takes an envelope; resolves when it may be acknowledged, throws ParatiiError to refuse. */
export type MailReceiver = (envelope: Uint8Array, from: PeerId, signal: AbortSignal) => Promise<void>

/** A peer by its libp2p addresses (all of one peer), or one that is connected already. */
export type MailRoute = { readonly addresses: readonly string[] } | { readonly peer: PeerId }

/** Delivers an envelope. Resolves when the other side has acknowledged it; throws its code, or `peer-unreachable`. */
export const deliverMail = async (
  node: MessageNode,
  route: MailRoute,
  envelope: Uint8Array,
  signal: AbortSignal,
): Promise<void> => {
  const turn = AbortSignal.any([signal, AbortSignal.timeout(mailTurnMs)])
  let frames: FrameStream | undefined
  try {
    const stream = await node.dialProtocol(dialTarget(route), mailProtocol, { signal: turn })
    frames = frameStream(stream, maxAckBytes)
    await frames.write('mail', envelope, turn)
    const code = await hearAck(frames, turn)
    if (code !== undefined) throw new ParatiiError(code)
    await frames.close()
  } catch (thrown) {
    if (signal.aborted) throw errorFrom(signal.reason, 'aborted')
    throw errorFrom(turn.aborted ? turn.reason : thrown, 'peer-unreachable')
  } finally {
    frames?.abort(new ParatiiError('aborted'))
  }
}

/** Hands every envelope that arrives on a node to `receive`, until the function it returns is called. */
export const receiveMail = async (node: MessageNode, receive: MailReceiver): Promise<() => Promise<void>> => {
  const stopping = new AbortController()
  await node.handle(
    mailProtocol,
    (stream: Stream, connection: Connection) => {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(mailTurnMs)])
      return takeMail(
        frameStream(stream, maxEnvelopeBytes),
        envelope => receive(envelope, connection.remotePeer, signal),
        signal,
      )
    },
    { maxInboundStreams: 8 },
  )
  return async () => {
    await node.unhandle(mailProtocol)
    stopping.abort(new ParatiiError('stopping'))
  }
}

const takeMail = async (
  frames: FrameStream,
  receive: (envelope: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  try {
    const frame = await frames.read(signal)
    if (frame === undefined) return
    const code = frame.cmd === 'mail' ? await refusalOf(receive(frame.data)) : 'unsupported'
    await frames.write('mailack', encodeJson({ code }), signal)
    await frames.close()
  } catch {
    // A sender that broke the frame's rules, or left, learns nothing more.
  } finally {
    frames.abort(new ParatiiError('aborted'))
  }
}

const refusalOf = async (receiving: Promise<void>): Promise<ErrorCode | undefined> => {
  try {
    await receiving
    return undefined
  } catch (thrown) {
    return errorFrom(thrown).code
  }
}

const hearAck = async (frames: FrameStream, signal: AbortSignal): Promise<ErrorCode | undefined> => {
  for (;;) {
    const frame = await frames.read(signal)
    if (frame === undefined) throw new ParatiiError('peer-unreachable', { reason: 'no acknowledgement' })
    if (frame.cmd !== 'mailack') continue
    const ack = decodeJson(frame.data, maxAckBytes)
    const body = ack.ok && typeof ack.value === 'object' && ack.value !== null ? ack.value : { code: 'fault' }
    if (!('code' in body)) return undefined
    return isErrorCode(body.code) ? body.code : 'unsupported'
  }
}

/** What to dial: a connected peer, or the libp2p addresses of one. */
export const dialTarget = (route: MailRoute) => {
  if ('peer' in route) return route.peer
  const addresses = messageAddresses(route.addresses).map(address => multiaddr(address))
  if (addresses.length === 0) throw new ParatiiError('peer-unreachable', { reason: 'no address' })
  return addresses
}
