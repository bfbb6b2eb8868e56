import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line that takes time: what comes over it arrives so much later, each way; setting up a connection takes a round trip. */
export type Line = { roundTripMs: number }

export type DelayProxy = {
  /** Port on loopback at which the target is reached over the line. */
  readonly port: number
  /** Says where the connections go, once that is known. */
  setTarget(port: number): void
  stop(): Promise<void>
}

/** A proxy on loopback in front of a server of this machine. */
export const startDelayProxy = async (line: Line, firstTarget = 0): Promise<DelayProxy> => {
  let target = firstTarget
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, near => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    // The handshake of TCP, which loopback does not take long for: a client would have sent a round trip later.
    const firstAtMs = performance.now() + 1.5 * line.roundTripMs
    carry(near, far, line, firstAtMs)
    carry(far, near, line, 0)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    setTarget(port) {
      target = port
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Passes on what one side says, half a round trip later, in order; an end and a break are passed on, too. */
const carry = (from: Socket, to: Socket, line: Line, notBeforeMs: number): void => {
  const queue: { readonly atMs: number; deliver(): void }[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastMs = notBeforeMs
  const flush = (): void => {
    timer = undefined
    while (queue[0] !== undefined && queue[0].atMs <= performance.now()) queue.shift()?.deliver()
    const [next] = queue
    if (next !== undefined) timer = setTimeout(flush, Math.max(0, next.atMs - performance.now()))
  }
  const later = (deliver: () => void): void => {
    lastMs = Math.max(lastMs, performance.now() + line.roundTripMs / 2)
    queue.push({ atMs: lastMs, deliver })
    if (timer === undefined) flush()
  }
  from.on('data', bytes => later(() => void to.write(bytes)))
  from.on('end', () => later(() => void to.end()))
  from.on('error', () => to.destroy())
  from.on('close', () => later(() => void to.end()))
}
