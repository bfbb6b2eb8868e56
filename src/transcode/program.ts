import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ParatiiError } from '#std/error.ts'

/** How a program ended. `errors`: the end of what it wrote to stderr, at most 8 KiB. */
export type ProgramEnd = { readonly exitCode: number; readonly errors: string }

export type ProgramOptions = {
  /** Aborting it kills this one child, and {@link runProgram} rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined
  /** Every line of stdout as it comes. */
  readonly onLine: (line: string) => void
}

const keptErrorChars = 8192

/**
 * Runs a program without a shell and without stdin, and waits until it ended and its output was read.
 * Throws `tool-absent` if it cannot be started, `aborted`.
 */
export const runProgram = (
  path: string,
  args: readonly string[],
  { signal, onLine }: ProgramOptions,
): Promise<ProgramEnd> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new ParatiiError('aborted'))
    const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    let errors = ''
    const kill = () => child.kill('SIGKILL')
    signal?.addEventListener('abort', kill, { once: true })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-keptErrorChars)
    })
    createInterface({ input: child.stdout }).on('line', onLine)
    child.once('error', cause => {
      signal?.removeEventListener('abort', kill)
      reject(new ParatiiError('tool-absent', { program: path }, cause))
    })
    child.once('close', code => {
      signal?.removeEventListener('abort', kill)
      if (signal?.aborted) reject(new ParatiiError('aborted'))
      else resolve({ exitCode: code ?? -1, errors })
    })
  })

/** The last line a program complained in, without ffmpeg's names of its parts and of the file. */
export const lastErrorOf = (errors: string): string => {
  const line = errors.trim().split('\n').at(-1) ?? ''
  return line.replace(/^(?:\[[^\]]*\] |file:.*: (?=[^:]*$))+/, '').slice(0, 200)
}
