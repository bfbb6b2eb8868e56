import type { Command } from 'commander'
import { checkKey, writeSettings } from '#daemon/config.ts'
import { settingKeys, settings, variableOf } from '#daemon/settings.ts'
import { ParatiiError } from '#std/error.ts'
import type { Act } from './command-kit.ts'
import { encodeJsonLine } from './context.ts'

/** `paratii config get|set`. */
export const addConfigCommands = (program: Command, act: Act): void => {
  const config = program.command('config').description('Settings, kept in one file')
  config
    .command('get')
    .description('print settings as they are in force (flag, environment, file, standard)')
    .argument('[keys...]', 'which; all without')
    .action(
      act(async (context, command) => {
        const values = await context.readConfig()
        const keys = command.args.length > 0 ? command.args.map(key => checkKey(key, 'given')) : settingKeys
        const shown = Object.fromEntries(keys.map(key => [key, values[key] ?? null]))
        const line = (key: (typeof keys)[number]) => {
          const value = values[key]
          return typeof value === 'object' ? encodeJsonLine(value) : `${value ?? ''}`
        }
        const lines = keys.map(key => (keys.length === 1 ? line(key) : `${key} = ${line(key)}`))
        context.print(shown, lines)
      }),
    )
  config
    .command('set')
    .description('write settings into the file; KEY= takes one out')
    .argument('<pairs...>', 'KEY VALUE, or KEY=VALUE as often as wanted')
    .addHelpText('after', () => `\nSettings:\n${settingKeys.map(describeSetting).join('\n')}`)
    .action(
      act(async (context, command) => {
        const changes = parsePairs(command.args)
        await writeSettings(context.configFile, changes)
        context.print({ file: context.configFile, changed: Object.keys(changes) }, [
          `Written to ${context.configFile}`,
        ])
      }),
    )
}

const describeSetting = (key: (typeof settingKeys)[number]): string =>
  `  ${key.padEnd(28)}${settings[key].about} (${variableOf(key)})`

const parsePairs = (words: readonly string[]): Readonly<Record<string, string | undefined>> => {
  const [first = '', second, ...rest] = words
  if (!first.includes('=') && second !== undefined && rest.length === 0) return { [first]: second }
  const changes: Record<string, string | undefined> = {}
  for (const word of words) {
    const at = word.indexOf('=')
    if (at < 1)
      throw new ParatiiError('usage-invalid', { advice: 'Give KEY VALUE, or KEY=VALUE as often as wanted.' })
    changes[word.slice(0, at)] = at === word.length - 1 ? undefined : word.slice(at + 1)
  }
  return changes
}
