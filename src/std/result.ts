import type { ErrorCode } from './error-codes.ts'

/** What a pure function answers when its input may be bad: a value, or a tagged failure. Never throws. */
export type Result<T> = Ok<T> | Failed

export type Ok<T> = { readonly ok: true; readonly value: T }
export type Failed = { readonly ok: false; readonly error: Failure }

/** A failure as a value, as layers 0 to 2 return it. */
export type Failure = { readonly code: ErrorCode; readonly details: ErrorDetails }

/** Facts about one failure that logs and scripts may need: never secrets, never another's stack. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value })
