import type { Command } from 'commander'
import type { Act } from './command-kit.ts'
import { initRole } from './init-role.ts'

/** `paratii publisher init|serve|status|settle`. */
export const addPublisherCommands = (program: Command, act: Act): void => {
  const publisher = program.command('publisher').description('Sell films')
  publisher
    .command('init')
    .description('make the key file and folders of a publisher')
    .action(act(context => initRole(context, 'publisher')))
}
