import { type Command, InvalidArgumentError } from 'commander'
import { parsePti } from '#std/amount.ts'
import type { CommandContext } from './context.ts'

/** Makes commander's action of ours: the context first, then the command with its arguments and options. */
export type Act = (
  action: (context: CommandContext, command: Command) => Promise<void>,
) => (...given: unknown[]) => Promise<void>

/** The flags that every command has, before or after its name. */
export const addGlobalOptions = (program: Command): void => {
  program
    .option('--json', 'print JSON, one value a line; errors too')
    .option('--home <folder>', 'keep configuration, data and cache in this folder, not in those of XDG')
    .option('--debug', 'print the stack of an error')
    .option('--password-fd <number>', 'read the password from this file descriptor', parseDescriptor)
    .option('--rpc-url <url>', 'Ethereum node, in place of chain.rpcUrl')
    .option('--chain-id <number>', 'in place of chain.id')
    .option('--registry <address>', 'ParatiiRegistry, in place of chain.registry')
}

const parseDescriptor = (text: string): number => {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It is a number, such as 3.')
  return Number(text)
}

/** An amount of PTI in a flag, in base units. */
export const parsePtiOption = (text: string): bigint => {
  const amountWei = parsePti(text)
  if (amountWei === undefined) throw new InvalidArgumentError('It is an amount of PTI, such as 0.25.')
  return amountWei
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A length of time in a flag, such as `90s`, `30m`, `12h` or `7d`, in seconds. */
export const parseTimeOption = (text: string): number => {
  const [, number, unit] = /^(\d{1,7})([smhd])$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    throw new InvalidArgumentError('It is a number and a unit, such as 90s, 30m, 12h or 7d.')
  return Number(number) * (secondsOf[unit] ?? 1)
}
