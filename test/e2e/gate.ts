import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** The bandwidth that all gates of a town share, as one viewer's line would be. */
export interface Line {
  bytesPerSecond: number
}

/** How a host behaves, as seen through its gate, when it is asked for blocks. */
export type Mood = 'honest' | 'lying' | 'stalling' | 'trickling' | 'refusing' | 'dead'

const pieceBytes = 16_384
const trickleBytesPerSecond = 4_000
/** A lying host changes one byte in so many, beginning with this one: one block in ten. */
const lieEveryBytes = 10 * 262_144
const firstLieByte = 1_100_000
/** What a stalling host still sends of an answer, so that it has begun. */
const beforeStallBytes = 300_000

/** Stands before the data plane of a host: what it lets through has the line's speed and the host's mood. */
export class Gate {
  readonly line: Line
  readonly url: string
  /** Where the host listens: its data plane, and for messages. The same after a restart. */
  readonly hostPort: number
  readonly messagePort: number
  mood: Mood = 'honest'
  /** Requests for blocks that came while the mood was not honest. */
  temptations = 0
  #liedBytes = 0
  readonly #server: Server

  private constructor(server: Server, line: Line, [hostPort, messagePort]: readonly [number, number]) {
    this.#server = server
    this.line = line
    this.hostPort = hostPort
    this.messagePort = messagePort
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (asked, answer) => this.#pass(asked, answer))
  }

  static async open(line: Line): Promise<Gate> {
    return new Gate(await listen(createServer()), line, [await freePort(), await freePort()])
  }

  /** The environment of the host behind it. */
  get env(): Readonly<Record<string, string>> {
    return {
      PARATII_HOST_PUBLIC_URL: this.url,
      PARATII_HOST_HTTP_PORT: String(this.hostPort),
      PARATII_HOST_LISTEN: `/ip4/127.0.0.1/tcp/${this.messagePort}/ws`,
    }
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const isForBlocks = asked.url?.startsWith('/paratii/1/blocks') ?? false
    const mood = isForBlocks ? this.mood : 'honest'
    if (mood !== 'honest') this.temptations++
    if (mood === 'dead') return void asked.socket.destroy()
    if (mood === 'refusing')
      return void answer.writeHead(503, { 'access-control-allow-origin': '*' }).end('{"code":"stopping"}')
    const { hostPort: port } = this
    const gone = new AbortController()
    const onward = request({ host: '127.0.0.1', port, path: asked.url, method: asked.method }, from => {
      answer.writeHead(from.statusCode ?? 502, from.headers)
      // Who went away says so by the end of its request; there is nobody to tell.
      pipeline(this.#body(from, mood, gone.signal), answer).catch(() => undefined)
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => {
      gone.abort()
      onward.destroy()
    })
    onward.end()
  }

  /** The body as the mood makes it, at the speed of the line. */
  async *#body(from: AsyncIterable<Buffer>, mood: Mood, gone: AbortSignal): AsyncGenerator<Buffer> {
    let sent = 0
    for await (const chunk of from) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes)
        if (mood === 'lying') this.#lie(piece)
        if (mood === 'stalling' && sent >= beforeStallBytes) await once(gone, 'abort')
        await this.#wait(piece.length, mood)
        if (gone.aborted) return
        sent += piece.length
        yield piece
      }
    }
  }

  #lie(piece: Buffer): void {
    const from = this.#liedBytes - firstLieByte
    this.#liedBytes += piece.length
    const next = Math.max(0, Math.ceil(from / lieEveryBytes) * lieEveryBytes) - from
    if (next < piece.length) piece[next] = (piece[next] ?? 0) ^ 1
  }

  /** Waits for the piece's turn on the line. */
  async #wait(bytes: number, mood: Mood): Promise<void> {
    const { line } = this
    const rate =
      mood === 'trickling' ? Math.min(trickleBytesPerSecond, line.bytesPerSecond) : line.bytesPerSecond
    if (rate === Number.POSITIVE_INFINITY) return
    const now = performance.now()
    const startsAt = mood === 'trickling' ? now : Math.max(now, freeAt.get(line) ?? 0)
    const endsAt = startsAt + (1000 * bytes) / rate
    if (mood !== 'trickling') freeAt.set(line, endsAt)
    await new Promise(resolve => setTimeout(resolve, endsAt - now))
  }
}

/** When a line has sent all that it was given. */
const freeAt = new WeakMap<Line, number>()

/** A port that was free a moment ago: who is to listen on it is told before it starts. */
const freePort = async (): Promise<number> => {
  const taken = await listen(createServer())
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  return port
}

const listen = async (server: Server): Promise<Server> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
