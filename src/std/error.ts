import { type ErrorCode, type ErrorFamily, errorCodes } from './error-codes.ts'
import type { ErrorDetails, Failed, Result } from './result.ts'

const noDetails: ErrorDetails = Object.freeze({})

/** A failed {@link Result}. */
export const failed = (code: ErrorCode, details: ErrorDetails = noDetails): Failed => ({
  ok: false,
  error: { code, details },
})

/** The family that decides what is done about a code. */
export const familyOf = (code: ErrorCode): ErrorFamily => errorCodes[code].family

/** The sentence that a person is shown. */
export const textOf = (code: ErrorCode): string => errorCodes[code].text

/** Whether a text that came from elsewhere is a code of ours. */
export const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === 'string' && Object.hasOwn(errorCodes, text)

/** A failure as layers 3 and up throw it. */
export class ParatiiError extends Error {
  override readonly name = 'ParatiiError'
  readonly code: ErrorCode
  /** True when the same call may succeed later: the Unavailable family, nothing else. */
  readonly retryable: boolean
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = noDetails, cause?: unknown) {
    super(textOf(code), cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = familyOf(code) === 'Unavailable'
    this.details = details
  }
}

/** The value of a result, or its failure thrown. For layer 3 and up. */
export const orThrow = <T>(result: Result<T>): T => {
  if (result.ok) return result.value
  throw new ParatiiError(result.error.code, result.error.details)
}

/** Whatever was thrown, as one of ours: a ParatiiError as it is, an abort as `aborted`, all else as `code`. */
export const errorFrom = (thrown: unknown, code: ErrorCode = 'fault'): ParatiiError => {
  if (thrown instanceof ParatiiError) return thrown
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new ParatiiError('aborted', noDetails, thrown)
  return new ParatiiError(code, { reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown)
}
