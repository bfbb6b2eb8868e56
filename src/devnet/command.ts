import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ParatiiError } from '#std/error.ts'

const main = join(import.meta.dirname, '../cli/main.ts')

export interface CommandOptions {
  /** Folder for its configuration and data. */
  home: string
  password: string
  /** More of its environment. */
  env?: Readonly<Record<string, string>>
}

export interface RunningCommand {
  readonly process: ChildProcess
  /** The next JSON line it printed, or the end of it as an error. */
  nextLine(): Promise<Record<string, unknown>>
  /** Ends it as an operator would (SIGTERM), and waits until it is gone. */
  stop(): Promise<void>
}

/**
 * Starts `paratii <words>` as a process of its own, exactly as a person would, with JSON on its standard output.
 * What it says on standard error is shown if it fails.
 */
export function startCommand(words: readonly string[], options: CommandOptions): RunningCommand {
  const child = spawn(process.execPath, [main, ...words, '--json', '--home', options.home], {
    env: { ...process.env, ...options.env, PARATII_PASSWORD: options.password },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000)
  })
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    process: child,
    async nextLine() {
      const { value, done } = await lines.next()
      if (!done) return JSON.parse(value) as Record<string, unknown>
      await ended
      throw new ParatiiError('tool-failed', { tool: `paratii ${words.join(' ')}`, reason: complaint.trim() })
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Runs `paratii <words>` to its end; the last JSON line it printed. */
export async function runCommand(
  words: readonly string[],
  options: CommandOptions,
): Promise<Record<string, unknown>> {
  const command = startCommand(words, options)
  let last = await command.nextLine()
  for (;;) {
    const next = await command.nextLine().catch((error: unknown) => {
      if (command.process.exitCode === 0) return undefined
      throw error
    })
    if (next === undefined) return last
    last = next
  }
}
