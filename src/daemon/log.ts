import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'
import { ParatiiError } from '#std/error.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * A log of one JSON object a line, on stderr unless said otherwise. What is worth money is never in it: whatever is
 * named like a password, phrase or key is cut out.
 */
export const createLog = (
  level: LogLevel,
  to: DestinationStream = destination({ fd: 2, sync: true }),
): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[secret]' },
      serializers: { error: describeError },
    },
    to,
  )

const secretNames = ['password', 'phrase', 'mnemonic', 'privateKey', 'walletKey', 'nodeKey', 'secretKey']
const secretPaths = secretNames.flatMap(name => [name, `*.${name}`])

/** Codes and details of our own errors; of a bug also the stack, which a person needs to mend it. */
const describeError = (thrown: unknown): unknown => {
  if (thrown instanceof ParatiiError) return { code: thrown.code, ...thrown.details }
  return thrown instanceof Error
    ? { message: thrown.message, stack: thrown.stack }
    : { message: String(thrown) }
}
