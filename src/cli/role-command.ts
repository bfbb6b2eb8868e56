import type { Command } from 'commander'
import type { SettingTexts } from '#daemon/config.ts'
import type { SettingKey } from '#daemon/settings.ts'
import type { Act } from './command-kit.ts'
import { initRole } from './init-role.ts'
import type { ServingRole } from './role-folder.ts'
import { settleRole, showRoleStatus } from './settle-role.ts'

type InitOptions = {
  readonly publicUrl?: string
  readonly listen?: string
  readonly httpPort?: string
  readonly payout?: string
  readonly publisher?: string
}

/** `paratii publisher|host init|serve|status|settle`. */
export const addRoleCommands = (program: Command, act: Act): void => {
  addRole(program, act, 'publisher', 'Sell films')
  addRole(program, act, 'host', 'Keep and serve films of publishers')
}

const addRole = (program: Command, act: Act, role: ServingRole, about: string): void => {
  const group = program.command(role).description(about)
  const init = group
    .command('init')
    .description(`make the key file and folders of a ${role}; flags go into the settings`)
    .option('--public-url <url>', 'URL that others fetch bytes from')
    .option('--listen <multiaddr>', 'where messages are taken')
    .option('--http-port <number>', 'port that bytes are served on')
  if (role === 'host')
    init
      .option('--payout <address>', 'account that is paid; the own one without')
      .option('--publisher <address,…>', 'accounts of the publishers whose videos are kept')
  init.action(
    act((context, command) => initRole(context, role, settingsFrom(role, command.opts<InitOptions>()))),
  )
  group
    .command('serve')
    .description('serve until SIGTERM or Ctrl-C; then settle what pays')
    .action(
      act(async context => {
        // What serves brings libp2p, which takes longer to load than the other commands take to run.
        const { serveRole } = await import('./serve-role.ts')
        await serveRole(context, role)
      }),
    )
  group
    .command('status')
    .description('show account, balance and what is held')
    .action(act(context => showRoleStatus(context, role)))
  group
    .command('settle')
    .description('settle now whatever pays more than its gas')
    .action(act(context => settleRole(context, role)))
}

const settingsFrom = (
  role: ServingRole,
  { publicUrl, listen, httpPort, payout, publisher }: InitOptions,
): SettingTexts => {
  const given: readonly (readonly [SettingKey, string | undefined])[] = [
    [`${role}.publicUrl`, publicUrl],
    [`${role}.listen`, listen],
    [`${role}.httpPort`, httpPort],
    ['host.payout', payout],
    ['host.publishers', publisher?.toLowerCase()],
  ]
  return Object.fromEntries(given.filter(([, text]) => text !== undefined))
}
