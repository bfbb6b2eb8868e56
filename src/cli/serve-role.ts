import { clockSystem } from '#adapters/clock-system.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { lockFolder } from '#daemon/folder-lock.ts'
import { startHealthServer } from '#daemon/health.ts'
import { startHost } from '#roles/host/host.ts'
import { startPublisher } from '#roles/publisher/publisher.ts'
import { ParatiiError } from '#std/error.ts'
import { openMarket } from './chain-access.ts'
import type { CommandContext } from './context.ts'
import { openRoleBlocks } from './role-blocks.ts'
import { hostConfigFrom, pricingFrom, publisherConfigFrom, storageFeeFrom } from './role-config.ts'
import type { ServingRole } from './role-folder.ts'
import { openRoleStore, type RoleStore } from './role-store.ts'
import { serveNode } from './serve-node.ts'
import { servePostings } from './serve-postings.ts'

/**
 * Runs a role until the program is asked to stop: opens its store, takes its folder for itself, starts it, answers
 * health checks. What was opened is closed by the context's shutdown, the newest first: the role settles while chain,
 * node and records are still there.
 */
export const serveRole = async (context: CommandContext, role: ServingRole): Promise<void> => {
  const { shutdown } = context
  const store = await openRoleStore(context, role)
  const { config, folder, keys, log, reader } = store
  if (role === 'host' && config['host.publishers'].length === 0)
    throw new ParatiiError('config-absent', {
      advice: 'Say whose videos to keep: paratii config set host.publishers ADDRESS.',
    })
  const lock = lockFolder(folder.folder, 'serve')
  shutdown.add('lock', () => lock.release())
  const node = await serveNode(context, role, store)
  const ports = {
    ...store,
    ...keys,
    node,
    blocks: await openBlocks(context, store, role),
    clock: clockSystem,
    random: randomSystem,
  }
  const running =
    role === 'host'
      ? await startHost({ ...ports, config: hostConfigFrom(config, keys.address) })
      : await startPublisher(
          { ...ports, config: publisherConfigFrom(config), ...(await bySecond(store, shutdown.signal)) },
          shutdown.signal,
        )
  shutdown.add(role, () => running.stop())
  const storageFee = config['host.storageFee']
  if (role === 'host' && storageFee !== undefined)
    await servePostings(context, store, ports, storageFeeFrom(storageFee))
  const health = await startHealthServer({
    host: config['health.host'],
    port: config['health.port'],
    checkReadiness: async signal => {
      await reader.head(signal)
    },
  })
  shutdown.add('health', () => health.close())

  const facts = {
    role,
    account: keys.address,
    ...(running.url === undefined ? {} : { url: running.url }),
    addresses: running.addresses(),
    health: health.url,
  }
  log.info(facts, 'serving')
  context.print(facts, [
    `The ${role} ${keys.address} serves${running.url === undefined ? ' over libp2p' : ` at ${running.url}`}`,
    ...running.addresses(),
    `health at ${health.url}/healthz and /readyz`,
  ])
  await shutdown.requested()
  log.info({ role }, 'stopping')
}

/** A channel in which nothing was wanted for so long is closed. */
const idleMs = 900_000

/** What a publisher needs to sell by the second, if it does. */
const bySecond = async ({ config, keys, reader }: RoleStore, signal: AbortSignal) => {
  const pricing = pricingFrom(config)
  if (pricing === undefined) return {}
  return { seconds: { ...(await openMarket(config, reader, keys.walletKey, signal)), pricing, idleMs } }
}

/** Opening a block store clears what a crash left half written: not while a publication beside us writes into it. */
const openBlocks = async ({ terminal }: CommandContext, { config, folder }: RoleStore, role: ServingRole) => {
  const place = role === 'host' ? config['host.blocks'] : undefined
  const lock = lockFolder(folder.folder, 'publish')
  try {
    return await openRoleBlocks(place, folder.blocks, terminal.env)
  } finally {
    lock.release()
  }
}
