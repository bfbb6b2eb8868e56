import { afterEach, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import type { MessageNode } from './message-node.ts'
import { createMessageNode, createRelayNode } from './node.ts'
import { PeerScores } from './peer-scores.ts'

const nodes: MessageNode[] = []
const track = async <T extends MessageNode>(making: Promise<T>): Promise<T> => {
  const node = await making
  nodes.push(node)
  return node
}
afterEach(async () => {
  await Promise.all(nodes.splice(0).map(node => node.stop()))
})

it.each([
  ['tcp', '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
  ['websocket', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0'],
] as const)('a node of %s alone is reached by it and by nothing else', async (transport, own, other) => {
  const server = await track(createMessageNode({ listen: [own] }))
  const elsewhere = await track(createMessageNode({ listen: [other] }))
  const client = await track(createMessageNode({ transports: [transport] }))
  await client.dial(server.getMultiaddrs())
  expect(client.getConnections()).toHaveLength(1)
  await expect(client.dial(elsewhere.getMultiaddrs())).rejects.toThrow()
})

it('a node that nobody can dial is reached through a circuit of a relay', async () => {
  const relay = await track(
    createRelayNode({ listen: ['/ip4/127.0.0.1/tcp/0'] }, new PeerScores(clockSystem)),
  )
  const transports = ['tcp', 'circuit'] as const
  const hidden = await track(
    createMessageNode({ transports, listen: [`${relay.getMultiaddrs()[0]}/p2p-circuit`] }),
  )
  await expect.poll(() => hidden.getMultiaddrs().length).toBeGreaterThan(0)
  const client = await track(createMessageNode({ transports }))
  const connection = await client.dial(hidden.getMultiaddrs())
  expect(connection.remotePeer.equals(hidden.peerId)).toBe(true)
})

it('a node that is told of nobody dials nobody', async () => {
  const relay = await track(
    createRelayNode({ listen: ['/ip4/127.0.0.1/tcp/0'] }, new PeerScores(clockSystem)),
  )
  const node = await track(createMessageNode({ transports: ['tcp', 'websocket', 'circuit'] }))
  for (const each of [relay, node]) {
    expect(each.getConnections()).toEqual([])
    expect(each.getDialQueue()).toEqual([])
    expect(await each.peerStore.all()).toEqual([])
  }
})
