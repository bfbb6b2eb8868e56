import type { Command } from 'commander'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { clockSystem } from '#adapters/clock-system.ts'
import { randomSystem } from '#adapters/random-system.ts'
import type { SettingTexts } from '#daemon/config.ts'
import { lockFolder } from '#daemon/folder-lock.ts'
import { startHealthServer } from '#daemon/health.ts'
import { type CampaignPorts, defaultAdvertiserConfig } from '#roles/advertiser/ports.ts'
import { settleCampaigns } from '#roles/advertiser/settling.ts'
import { chainConfigFrom, type MarketAccess, openMarket } from './chain-access.ts'
import type { Act } from './command-kit.ts'
import type { CommandContext } from './context.ts'
import { initRole } from './init-role.ts'
import { openRoleStore, type RoleStore } from './role-store.ts'

/** `paratii advertiser init|serve|settle`. */
export const addAdvertiserCommands = (program: Command, act: Act): void => {
  const group = program.command('advertiser').description("Pay viewers for their time: campaigns' daemon")
  group
    .command('init')
    .description('make the key file and folders of an advertiser; flags go into the settings')
    .option('--listen <multiaddr>', 'where viewers are met')
    .action(
      act((context, command) => {
        const { listen } = command.opts<{ readonly listen?: string }>()
        const given: SettingTexts = listen === undefined ? {} : { 'advertiser.listen': listen }
        return initRole(context, 'advertiser', given)
      }),
    )
  group
    .command('serve')
    .description('bid and pay until SIGTERM or Ctrl-C; then settle')
    .action(act(serveAdvertiser))
  group
    .command('settle')
    .description('pay on the chain now what viewers were promised')
    .action(
      act(async context => {
        const { ports } = await openAdvertiserStore(context)
        await settleCampaigns(ports, undefined, context.shutdown.signal)
        context.print({ settled: true }, ['What viewers were promised is on the chain.'])
      }),
    )
}

/** Store, chain and market of the advertiser. */
export const openAdvertiserStore = async (
  context: CommandContext,
): Promise<{ readonly store: RoleStore; readonly ports: CampaignPorts & MarketAccess }> => {
  const store = await openRoleStore(context, 'advertiser')
  const { config, folder, keys, reader } = store
  const market = await openMarket(config, reader, keys.walletKey, context.shutdown.signal)
  const ports = {
    ...store,
    ...keys,
    ...market,
    config: { chainId: chainConfigFrom(config).chainId },
    blocks: await openFileBlocks(folder.blocks),
    clock: clockSystem,
    random: randomSystem,
  }
  return { store, ports }
}

const serveAdvertiser = async (context: CommandContext): Promise<void> => {
  const { shutdown } = context
  const { store, ports } = await openAdvertiserStore(context)
  const { config, folder, keys, log, reader, writer } = store
  // What serves brings libp2p, which takes longer to load than the other commands take to run.
  const [{ createMessageNode }, { startAdvertiser }] = await Promise.all([
    import('#network/node.ts'),
    import('#roles/advertiser/advertiser.ts'),
  ])
  const lock = lockFolder(folder.folder, 'serve')
  shutdown.add('lock', () => lock.release())
  const node = await createMessageNode({
    nodeKey: keys.nodeKey,
    listen: config['advertiser.listen'],
    announce: config['advertiser.announce'],
  })
  shutdown.add('node', async () => {
    await node.stop()
  })
  const running = await startAdvertiser(
    {
      ...ports,
      config: {
        ...defaultAdvertiserConfig,
        ...ports.config,
        tickMs: config['daemon.tickSeconds'] * 1000,
      },
      writer,
      node,
    },
    shutdown.signal,
  )
  shutdown.add('advertiser', () => running.stop())
  const health = await startHealthServer({
    host: config['health.host'],
    port: config['health.port'],
    checkReadiness: async signal => {
      await reader.head(signal)
    },
  })
  shutdown.add('health', () => health.close())
  const facts = {
    role: 'advertiser',
    account: keys.address,
    addresses: running.addresses(),
    health: health.url,
  }
  log.info(facts, 'serving')
  context.print(facts, [
    `The advertiser ${keys.address} bids at`,
    ...running.addresses(),
    `health at ${health.url}/healthz and /readyz`,
  ])
  await shutdown.requested()
  log.info({ role: 'advertiser' }, 'stopping')
}
