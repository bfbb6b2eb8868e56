import { runCommandLine } from './program.ts'
import { systemTerminal } from './terminal.ts'

// The shim that started us was killed: nobody can stop us any more, so stop as on SIGTERM.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

process.exitCode = await runCommandLine(process.argv.slice(2), systemTerminal())
