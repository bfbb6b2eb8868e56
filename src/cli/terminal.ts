import type { PasswordSources } from '#daemon/password.ts'

/** What a command sees of the world outside: so that tests can stand in for a person at a keyboard. */
export type Terminal = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results: stdout. */
  readonly out: (text: string) => void
  /** Errors and progress: stderr. */
  readonly err: (text: string) => void
  /** Columns of stderr where a person watches it, else undefined: then nothing is drawn over. */
  readonly columns: number | undefined
  /** Where a password can be asked for. */
  readonly keyboard: PasswordSources['terminal']
}

/** The terminal that this process was started on. */
export const systemTerminal = (): Terminal => ({
  env: process.env,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
  columns: process.stderr.isTTY ? (process.stderr.columns ?? 80) : undefined,
  keyboard:
    process.stdin.isTTY && process.stderr.isTTY
      ? { input: process.stdin, output: process.stderr }
      : undefined,
})
