import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { libp2pKey, type MessageNode, sharedOptions } from './message-node.ts'

/**
 * A started libp2p node for a browser's Worker: WebSocket dialling only, so that no Node transport is bundled.
 * Its peer id is random at every start: the transport must not tie a viewer's purchases together.
 */
export const createBrowserNode = async (): Promise<MessageNode> => {
  return createLibp2p({
    ...sharedOptions(),
    privateKey: await libp2pKey(undefined),
    addresses: { listen: [] },
    transports: [webSockets()],
  })
}
