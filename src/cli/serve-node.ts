import { clockSystem } from '#adapters/clock-system.ts'
import { keepConnected } from '#network/keep-connected.ts'
import { MailRelay } from '#network/mail-relay.ts'
import type { MessageNode } from '#network/message-node.ts'
import { createMessageNode, createRelayNode } from '#network/node.ts'
import { PeerScores } from '#network/peer-scores.ts'
import type { CommandContext } from './context.ts'
import type { ServingRole } from './role-folder.ts'
import type { RoleStore } from './role-store.ts'

/**
 * The role's node, as its settings have it: its transports, the peers it stays connected with (it dials no others by
 * itself), and, where it is told to, a relay of other people's mail. All ends with the context's shutdown.
 */
export const serveNode = async (
  { shutdown }: CommandContext,
  role: ServingRole,
  { config, crypto, keys, notice, records }: RoleStore,
): Promise<MessageNode> => {
  const { nodeKey } = keys
  const options = {
    nodeKey,
    listen: config[`${role}.listen`],
    announce: config[`${role}.announce`],
    transports: config['network.transports'],
    stun: config['network.stun'],
  }
  const relays = config['network.relays']
  const closeLast = (node: { stop(): void | Promise<void> }) =>
    shutdown.add('node', async () => {
      await node.stop()
    })
  if (config['network.relay'] === 'no') {
    const node = await createMessageNode(options)
    closeLast(node)
    for (const address of relays) void keepConnected(node, clockSystem, address, shutdown.signal)
    return node
  }
  const scores = new PeerScores(clockSystem)
  const node = await createRelayNode(options, scores)
  closeLast(node)
  const announced = config[`${role}.announce`]
  const relay = await MailRelay.start(
    {
      node,
      nodeKey,
      crypto,
      clock: clockSystem,
      records,
      scores,
      onFault: error => notice('relay-failed', { code: error.code }),
    },
    {
      relays,
      discover: config['network.discover'] === 'yes',
      ...(announced.length > 0 ? { addresses: announced } : {}),
    },
  )
  shutdown.add('relay', () => relay.stop())
  return node
}
