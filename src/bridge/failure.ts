import * as v from 'valibot'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { type ErrorCode, errorCodes } from '#std/error-codes.ts'

export const codeField = v.picklist(Object.keys(errorCodes) as readonly ErrorCode[])

/** A failure as it travels between contexts: a code and its facts, never a stack. */
export const failureSchema = v.object({
  code: codeField,
  details: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
})
export type Failure = v.InferOutput<typeof failureSchema>

export function failureOf(thrown: unknown): Failure {
  const { code, details } = errorFrom(thrown)
  // What an unexpected error says may hold anything, so it stays where it was thrown.
  return { code, details: code === 'fault' ? {} : { ...details } }
}

export const errorOf = ({ code, details }: Failure): ParatiiError => new ParatiiError(code, details)
