import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { iceServersOf, libp2pKey, type MessageNode, sharedOptions } from './message-node.ts'
import type { PeerScores } from './peer-scores.ts'
import { type PubsubNode, pubsubService } from './pubsub.ts'

/** How nodes may be connected; `circuit` is by a relay, which WebRTC finds its peers through. */
export type TransportName = 'tcp' | 'websocket' | 'webrtc' | 'circuit'

export type MessageNodeOptions = {
  /** The daemon's node key: 32 bytes, secp256k1. Its public key is the peer id. Left out: a random one. */
  readonly nodeKey?: Uint8Array
  /** Multiaddrs to listen on, such as `/ip4/127.0.0.1/tcp/0/ws`; none for a node that only dials. */
  readonly listen?: readonly string[]
  /** Multiaddrs told to others in place of those listened on. */
  readonly announce?: readonly string[]
  /** TCP and WebSocket unless said otherwise. */
  readonly transports?: readonly TransportName[]
  /** STUN servers that WebRTC may ask; none unless said otherwise. */
  readonly stun?: readonly string[]
}

/**
 * Viewers keep one connection as long as they watch; after an outage everybody comes back at once, many perhaps from
 * behind one address. libp2p's own bounds (300 in all, 5 a second from an address, 10 being set up) are those of a peer, not of a server.
 */
const serving = {
  maxConnections: 4096,
  maxIncomingPendingConnections: 256,
  inboundConnectionThreshold: 100,
}

/** WebRTC needs an addon in Node that not every machine has: loaded only where it is asked for. */
const transportOf = async (name: TransportName, stun: readonly string[]) => {
  switch (name) {
    case 'tcp':
      return tcp()
    case 'websocket':
      return webSockets()
    case 'webrtc':
      return (await import('@libp2p/webrtc')).webRTC(iceServersOf(stun))
    case 'circuit':
      return circuitRelayTransport()
  }
}

const optionsOf = async (options: MessageNodeOptions) => ({
  ...sharedOptions(),
  privateKey: await libp2pKey(options.nodeKey),
  addresses: { listen: [...(options.listen ?? [])], announce: [...(options.announce ?? [])] },
  transports: await Promise.all(
    (options.transports ?? ['tcp', 'websocket']).map(name => transportOf(name, options.stun ?? [])),
  ),
  connectionManager: serving,
})

/** A started libp2p node for daemons: noise, yamux; it dials nobody by itself. */
export async function createMessageNode(options: MessageNodeOptions = {}): Promise<MessageNode> {
  return createLibp2p(await optionsOf(options))
}

/** A node that can relay: pubsub for mail, and circuits for peers that nobody can dial. */
export async function createRelayNode(options: MessageNodeOptions, scores: PeerScores): Promise<PubsubNode> {
  const shared = await optionsOf(options)
  return createLibp2p({
    ...shared,
    services: {
      ...shared.services,
      pubsub: pubsubService(peer => scores.score(peer)),
      circuit: circuitRelayServer(),
    },
  })
}
