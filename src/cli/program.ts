import { Command, CommanderError } from 'commander'
import { Shutdown } from '#daemon/shutdown.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import manifest from '../../package.json' with { type: 'json' }
import { addAdvertiserCommands } from './advertiser-command.ts'
import { addCampaignCommands } from './campaign-command.ts'
import { type Act, addGlobalOptions } from './command-kit.ts'
import { addConfigCommands } from './config-command.ts'
import { createContext, type GlobalOptions } from './context.ts'
import { addContractsCommands } from './contracts-command.ts'
import { addDevnetCommand } from './devnet-command.ts'
import { describeError, encodeError } from './error-line.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import { addPublishCommand } from './publish-command.ts'
import { addRoleCommands } from './role-command.ts'
import type { Terminal } from './terminal.ts'
import { addVideoCommands } from './video-command.ts'

/** A daemon that stops settles its last batch, and a chain takes its time. */
const closeWithinMs = 90_000

/** Runs one command line (without node and script) and answers with its exit code. Never throws. */
export const runCommandLine = async (words: readonly string[], terminal: Terminal): Promise<number> => {
  const onError = (name: string, error: ParatiiError) =>
    terminal.err(`paratii: ${name}: ${describeError(error)}\n`)
  const shutdown = new Shutdown({ onError, closeWithinMs })
  const program = createProgram(terminal, shutdown)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return (await shutdown.close()) ? exitCodes.done : exitCodes.fault
  } catch (thrown) {
    await shutdown.close()
    const options = { ...program.opts<GlobalOptions>(), json: words.includes('--json') }
    if (!(thrown instanceof CommanderError)) return reportError(errorFrom(thrown), options, terminal)
    // Help and version, asked for or shown where words lack, have been printed.
    if (thrown.exitCode === 0) return exitCodes.done
    if (thrown.code === 'commander.help') return exitCodes.usage
    const advice = thrown.message.replace(/^error: /, '')
    return reportError(new ParatiiError('usage-invalid', { advice }, thrown), options, terminal)
  }
}

const createProgram = (terminal: Terminal, shutdown: Shutdown): Command => {
  const program = new Command('paratii')
    .description('Pay, or be paid, for video on any website.')
    .version(manifest.version)
    .exitOverride()
    // commander's own errors are reported as all others are: one line, or JSON.
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => {} })
    .showSuggestionAfterError()
  addGlobalOptions(program)
  const act: Act =
    action =>
    async (...given) => {
      const command = given.at(-1)
      if (!(command instanceof Command)) throw new TypeError('commander gives the command last')
      await action(createContext(terminal, command.optsWithGlobals<GlobalOptions>(), shutdown), command)
    }
  addDevnetCommand(program, act)
  addPublishCommand(program, act)
  addRoleCommands(program, act)
  addAdvertiserCommands(program, act)
  addCampaignCommands(program, act)
  addVideoCommands(program, act)
  addConfigCommands(program, act)
  addContractsCommands(program, act)
  return program
}

const reportError = (error: ParatiiError, { json, debug }: GlobalOptions, terminal: Terminal): number => {
  terminal.err(json ? `${encodeError(error)}\n` : `paratii: ${describeError(error)}\n`)
  for (let at: unknown = error; debug && at instanceof Error; at = at.cause) terminal.err(`${at.stack}\n`)
  return exitCodeOf(error.code)
}
