import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { libp2pKey, type MessageNode, sharedOptions } from './message-node.ts'

export type MessageNodeOptions = {
  /** The daemon's node key: 32 bytes, secp256k1. Its public key is the peer id. Left out: a random one. */
  readonly nodeKey?: Uint8Array
  /** Multiaddrs to listen on, such as `/ip4/127.0.0.1/tcp/0/ws`; none for a node that only dials. */
  readonly listen?: readonly string[]
  /** Multiaddrs told to others in place of those listened on. */
  readonly announce?: readonly string[]
}

/** A started libp2p node for daemons: TCP and WebSocket, noise, yamux; it dials nobody by itself. */
export async function createMessageNode(options: MessageNodeOptions = {}): Promise<MessageNode> {
  return createLibp2p({
    ...sharedOptions(),
    privateKey: await libp2pKey(options.nodeKey),
    addresses: { listen: [...(options.listen ?? [])], announce: [...(options.announce ?? [])] },
    transports: [tcp(), webSockets()],
  })
}
