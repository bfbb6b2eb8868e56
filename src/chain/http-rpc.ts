import * as v from 'valibot'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'

const requestTimeoutMs = 15_000
const maxTextLength = 4000

const errorSchema = v.object({ code: v.number(), message: v.string(), data: v.optional(v.unknown()) })
const responseSchema = v.object({ result: v.optional(v.unknown()), error: v.optional(errorSchema) })

/**
 * An Ethereum node behind an HTTP(S) URL. Throws `chain-unreachable` when it does not answer like one within 15 s,
 * `transaction-failed` when it refuses (details: `rpcCode`, `message`, and `data` where it gave revert data), `aborted`.
 */
export const connectRpc = (url: string): JsonRpc => {
  let lastId = 0
  return {
    async request(method, params, signal) {
      const timeout = AbortSignal.timeout(requestTimeoutMs)
      let parsed: v.SafeParseResult<typeof responseSchema>
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ jsonrpc: '2.0', id: ++lastId, method, params }),
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        })
        parsed = v.safeParse(responseSchema, await response.json())
      } catch (cause) {
        if (signal?.aborted) throw new ParatiiError('aborted', {}, cause)
        throw new ParatiiError('chain-unreachable', { method }, cause)
      }
      if (!parsed.success) throw new ParatiiError('chain-unreachable', { method, reason: 'not JSON-RPC' })
      const { result, error } = parsed.output
      if (error !== undefined) {
        throw new ParatiiError('transaction-failed', {
          method,
          rpcCode: error.code,
          message: error.message.slice(0, maxTextLength),
          ...(typeof error.data === 'string' ? { data: error.data.slice(0, maxTextLength) } : {}),
        })
      }
      return result
    },
  }
}
