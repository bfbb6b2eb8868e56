import * as v from 'valibot'
import { ParatiiError } from '#std/error.ts'
import { type RequestName, type RequestParams, type RequestResult, requests } from './contract.ts'
import { errorOf, failureOf, failureSchema } from './failure.ts'
import type { Context, SenderFacts } from './sender.ts'
import { wireOf } from './wire.ts'

/** What does what a request asks for. Throws ParatiiError; anything else is a fault and tells the asker no more. */
export type RequestHandlers = {
  readonly [N in RequestName]: (params: RequestParams<N>, sender: SenderFacts) => Promise<RequestResult<N>>
}

const envelopeSchema = v.object({ request: v.string(), params: v.unknown() })
const answerSchema = v.variant('ok', [
  v.object({ ok: v.literal(true), value: v.unknown() }),
  v.object({ ok: v.literal(false), error: failureSchema }),
])
export type Answer = v.InferOutput<typeof answerSchema>

/** Asks the background worker through `send`, and reads its answer. Throws what the handler threw. */
export async function ask<N extends RequestName>(
  send: (message: unknown) => Promise<unknown>,
  name: N,
  params: v.InferInput<(typeof requests)[N]['params']> | RequestParams<N>,
): Promise<RequestResult<N>> {
  const answer = v.parse(answerSchema, await send({ request: name, params: wireOf(params) }))
  if (!answer.ok) throw errorOf(answer.error)
  return v.parse(requests[name].result, answer.value) as RequestResult<N>
}

/**
 * Answers a message from `from`, whose `sender` the browser describes: `undefined` if it is no request at all. A request that is unknown, not for this
 * sender or not of its shape is refused before its handler hears of it.
 */
export async function answer(
  handlers: RequestHandlers,
  from: Context,
  message: unknown,
  sender: SenderFacts = {},
): Promise<Answer | undefined> {
  const envelope = v.safeParse(envelopeSchema, message)
  if (!envelope.success) return undefined
  try {
    const name = envelope.output.request
    if (!isRequestName(name)) throw new ParatiiError('request-malformed')
    return { ok: true, value: wireOf(await handle(handlers, name, from, envelope.output.params, sender)) }
  } catch (thrown) {
    return { ok: false, error: failureOf(thrown) }
  }
}

const isRequestName = (name: string): name is RequestName => Object.hasOwn(requests, name)

async function handle<N extends RequestName>(
  handlers: RequestHandlers,
  name: N,
  from: Context,
  params: unknown,
  sender: SenderFacts,
): Promise<RequestResult<N>> {
  const allowed: readonly Context[] = requests[name].from
  if (!allowed.includes(from)) throw new ParatiiError('not-permitted')
  const parsed = v.safeParse(requests[name].params, params)
  if (!parsed.success) throw new ParatiiError('request-malformed')
  return handlers[name](parsed.output as RequestParams<N>, sender)
}
