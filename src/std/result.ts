import type { Failure } from './error.ts'

/** What a pure function answers when its input may be bad: a value, or a tagged failure. Never throws. */
export type Result<T> = Ok<T> | Failed

export type Ok<T> = { readonly ok: true; readonly value: T }
export type Failed = { readonly ok: false; readonly error: Failure }

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value })
