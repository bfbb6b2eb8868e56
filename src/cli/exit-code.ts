import { familyOf } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'

/** How the command ends; docs/cli.md has the same table for people. */
export const exitCodes = {
  done: 0,
  fault: 1,
  usage: 2,
  rejected: 3,
  malformed: 4,
  unavailable: 5,
  /** As shells say of a program that SIGINT ended. */
  stopped: 130,
} as const

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  'usage-invalid',
  'config-malformed',
  'config-absent',
  'config-exists',
  'password-wrong',
])

/** The exit code of an error: by its family, but for what the person at the keyboard can mend at once. */
export const exitCodeOf = (code: ErrorCode): number => {
  if (code === 'aborted') return exitCodes.stopped
  if (usageCodes.has(code)) return exitCodes.usage
  switch (familyOf(code)) {
    case 'Fault':
      return exitCodes.fault
    case 'Rejected':
      return exitCodes.rejected
    case 'Malformed':
      return exitCodes.malformed
    case 'Unavailable':
      return exitCodes.unavailable
  }
}
