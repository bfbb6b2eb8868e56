import { join } from 'node:path'
import { readConfig, type SettingTexts } from '#daemon/config.ts'
import { type Folders, foldersFor } from '#daemon/folders.ts'
import type { Config, SettingKey } from '#daemon/settings.ts'
import type { Shutdown } from '#daemon/shutdown.ts'
import type { Terminal } from './terminal.ts'

/** What every command is given. */
export type CommandContext = {
  readonly terminal: Terminal
  /** Whether results are JSON, one value a line. */
  readonly json: boolean
  readonly folders: Folders
  readonly configFile: string
  /** Number of the file descriptor that the password is read from. */
  readonly passwordFd: number | undefined
  /** Says when to stop, and closes what the command opened. */
  readonly shutdown: Shutdown
  /** Settings of the chain that were given as flags. */
  readonly chainFlags: SettingTexts
  /** The configuration, read when it is asked for: `config set` must work on a broken one. */
  readConfig(): Promise<Config>
  /** Prints a result: the JSON value, or the lines for people. */
  print(value: unknown, lines: readonly string[]): void
}

/** Flags that every command has, as commander gives them. */
export type GlobalOptions = {
  readonly json?: boolean
  readonly home?: string
  readonly debug?: boolean
  readonly passwordFd?: number
  readonly rpcUrl?: string
  readonly chainId?: string
  readonly registry?: string
}

export const createContext = (
  terminal: Terminal,
  options: GlobalOptions,
  shutdown: Shutdown,
): CommandContext => {
  const folders = foldersFor(options.home, terminal.env)
  const configFile = join(folders.config, 'config.json')
  const json = options.json ?? false
  const given: readonly (readonly [SettingKey, string | undefined])[] = [
    ['chain.rpcUrl', options.rpcUrl],
    ['chain.id', options.chainId],
    ['chain.registry', options.registry],
  ]
  const chainFlags: SettingTexts = Object.fromEntries(given.filter(([, text]) => text !== undefined))
  return {
    terminal,
    json,
    folders,
    configFile,
    passwordFd: options.passwordFd,
    shutdown,
    chainFlags,
    readConfig: () => readConfig({ file: configFile, env: terminal.env, flags: chainFlags }),
    print: (value, lines) => {
      if (json) terminal.out(`${encodeJsonLine(value)}\n`)
      else for (const line of lines) terminal.out(`${line}\n`)
    },
  }
}

/** JSON of a result; amounts are bigint inside and decimal text outside. */
export const encodeJsonLine = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
