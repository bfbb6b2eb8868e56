import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import type { Libp2p } from '@libp2p/interface'
import { maxEnvelopeBytes } from '#protocol/envelope.ts'
import { frameHeaderLength } from '#protocol/frame.ts'
import { sha256 } from '#protocol/hash.ts'

/** A message node that takes part in pubsub. */
export type PubsubNode = Libp2p<{ pubsub: GossipSub }>

/** Bytes of one frame on pubsub. */
export const maxPubsubBytes = maxEnvelopeBytes + frameHeaderLength

/**
 * gossipsub as mail needs it: no author (envelopes authenticate themselves), names by content, and a score that the
 * relay's own judgement goes into.
 */
export const pubsubService = (scoreOf: (peer: string) => number) => {
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: message => sha256(message.data),
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    doPX: false,
    maxInboundDataLength: maxPubsubBytes,
    scoreParams: { appSpecificScore: scoreOf, appSpecificWeight: 1, IPColocationFactorWeight: 0 },
  })
}
