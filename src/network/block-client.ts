import { errorFrom, isErrorCode, ParatiiError } from '#std/error.ts'
import { type BodyReader, readBody } from './body-reader.ts'

const maxErrorBodyBytes = 4096

/** The body of the answer to a GET: leaves one after the other, as {@link fetchLeaves} reads them. */
export const getBody = async (url: string, signal: AbortSignal): Promise<BodyReader> => {
  const response = await fetch(url, { signal, cache: 'no-store', redirect: 'error' })
  if (response.status !== 200 || response.body === null) throw await refusalFrom(response)
  return readBody(response.body)
}

/** The error that a host's refusal stands for; a code that is none of ours says only that it refused. */
const refusalFrom = async (response: Response): Promise<ParatiiError> => {
  const code = await codeOf(response)
  return new ParatiiError(code ?? 'host-unreachable', { status: response.status })
}

const codeOf = async (response: Response) => {
  const text = await readText(response, maxErrorBodyBytes)
  try {
    const body: unknown = JSON.parse(text ?? '')
    const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined
    return isErrorCode(code) ? code : undefined
  } catch {
    return undefined
  }
}

const readText = async (response: Response, maxBytes: number): Promise<string | undefined> => {
  const bytes = await readBounded(response, maxBytes)
  return bytes && new TextDecoder().decode(bytes)
}

const askMs = 10_000

/** The whole answer to a GET. Throws the code that the other side answered, or `directory-malformed` if it is too long. */
export const fetchWhole = async (url: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> => {
  const turn = AbortSignal.any([signal, AbortSignal.timeout(askMs)])
  try {
    const response = await fetch(url, { signal: turn, redirect: 'error', cache: 'no-store' })
    if (response.status !== 200) throw await refusalFrom(response)
    const bytes = await readBounded(response, maxBytes)
    if (bytes === undefined) throw new ParatiiError('directory-malformed', { reason: 'too long' })
    return bytes
  } catch (thrown) {
    if (signal.aborted) throw errorFrom(signal.reason, 'aborted')
    throw thrown instanceof ParatiiError ? thrown : new ParatiiError('host-unreachable', { url }, thrown)
  }
}

/** A whole response body, or undefined (and the transfer stopped) when it is longer than `maxBytes`. */
const readBounded = async (
  response: Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  let byteCount = 0
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
    if (done) break
    byteCount += value.byteLength
    if (byteCount > maxBytes) {
      await reader?.cancel().catch(() => {})
      return undefined
    }
    parts.push(value)
  }
  const whole = new Uint8Array(byteCount)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}
