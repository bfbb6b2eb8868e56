import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { iceServersOf, libp2pKey, type MessageNode, sharedOptions } from './message-node.ts'

/**
 * A started libp2p node for a page's main thread, where WebRTC is: other browsers reach it through the circuits of these
 * relays, then directly. Its peer id is random at every start. Of its own accord it asks no STUN server.
 */
export const createBrowserPeer = async (
  relays: readonly string[],
  stun: readonly string[] = [],
): Promise<MessageNode> => {
  return createLibp2p({
    ...sharedOptions(),
    privateKey: await libp2pKey(undefined),
    addresses: { listen: [...relays.map(relay => `${relay}/p2p-circuit`), '/webrtc'] },
    transports: [webSockets(), webRTC(iceServersOf(stun)), circuitRelayTransport()],
  })
}
