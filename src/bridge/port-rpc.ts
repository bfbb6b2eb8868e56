import * as v from 'valibot'
import { ParatiiError } from '#std/error.ts'
import { errorOf, failureOf, failureSchema } from './failure.ts'
import { wireOf } from './wire.ts'

type Entry = { readonly params: v.GenericSchema; readonly result: v.GenericSchema }
export type PortContract = Readonly<Record<string, Entry>>

export type PortHandlers<C extends PortContract> = {
  readonly [N in keyof C]: (
    params: v.InferOutput<C[N]['params']>,
    ports: readonly MessagePort[],
  ) => Promise<v.InferOutput<C[N]['result']>>
}

export type PortPeer<C extends PortContract> = {
  /** Throws what the other side threw; `stopping` when it ends before it answers. */
  ask<N extends keyof C & string>(
    name: N,
    params: v.InferOutput<C[N]['params']>,
    transfer?: Transferable[],
  ): Promise<v.InferOutput<C[N]['result']>>
  close(): void
  readonly closed: AbortSignal
}

const requestSchema = v.object({ request: v.string(), id: v.number(), params: v.unknown() })
const resultSchema = v.object({ result: v.unknown(), id: v.number() })
const failedSchema = v.object({ failure: failureSchema, id: v.number() })

/** Requests and answers both ways over a port that may be closed, or whose other end may die, at any moment. */
export function connectPort<Mine extends PortContract, Theirs extends PortContract>(
  port: MessagePort,
  mine: Mine,
  handlers: PortHandlers<Mine>,
  theirs: Theirs,
): PortPeer<Theirs> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const closing = new AbortController()
  let lastId = 0

  const close = (): void => {
    if (closing.signal.aborted) return
    closing.abort()
    port.close()
    for (const { reject } of waiting.values()) reject(new ParatiiError('stopping'))
    waiting.clear()
  }

  port.addEventListener('close', close)
  port.addEventListener('message', ({ data, ports }) => {
    const request = v.safeParse(requestSchema, data)
    if (request.success) {
      void reply(request.output.request, request.output.id, request.output.params, ports)
      return
    }
    const result = v.safeParse(resultSchema, data)
    if (result.success) return take(result.output.id)?.resolve(result.output.result)
    const failed = v.safeParse(failedSchema, data)
    if (failed.success) take(failed.output.id)?.reject(errorOf(failed.output.failure))
  })
  port.start()

  function take(id: number) {
    const entry = waiting.get(id)
    waiting.delete(id)
    return entry
  }

  async function reply(name: string, id: number, params: unknown, ports: readonly MessagePort[]) {
    const answer = await handle(name, params, ports).then(
      result => ({ result: wireOf(result), id }),
      (thrown: unknown) => ({ failure: failureOf(thrown), id }),
    )
    if (!closing.signal.aborted) port.postMessage(answer)
  }

  async function handle(name: string, params: unknown, ports: readonly MessagePort[]): Promise<unknown> {
    const entry = Object.hasOwn(mine, name) ? mine[name] : undefined
    const handler = handlers[name]
    if (entry === undefined || handler === undefined) throw new ParatiiError('request-malformed')
    const parsed = v.safeParse(entry.params, params)
    if (!parsed.success) throw new ParatiiError('request-malformed')
    return handler(parsed.output, ports)
  }

  return {
    closed: closing.signal,
    close,
    async ask(name, params, transfer = []) {
      if (closing.signal.aborted) throw new ParatiiError('stopping')
      const id = ++lastId
      const result = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
      port.postMessage({ request: name, id, params: wireOf(params) }, transfer)
      const entry = theirs[name]
      if (entry === undefined) throw new ParatiiError('fault')
      return v.parse(entry.result, await result)
    },
  }
}
