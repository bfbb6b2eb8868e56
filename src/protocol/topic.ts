import type { PublicKey, VideoId } from '#std/brand.ts'
import { isHex } from '#std/bytes.ts'

/** The mailbox of a key: the pubsub topic that its lowercase hex names (seed 000). The one place that says so. */
export const topicOf = (publicKey: PublicKey): string => publicKey.slice(2)

/** The key whose mailbox a topic is; `undefined` for any other topic. */
export const keyOfTopic = (topic: string): PublicKey | undefined => {
  const key = `0x${topic}`
  return isHex(key, 33) && (key.startsWith('0x02') || key.startsWith('0x03')) ? (key as PublicKey) : undefined
}

/** Where an owner's host list of a video is announced. */
export const hostsTopicOf = (id: VideoId): string => `hosts/${id}`

/** Topics that everybody may read: signed content without an envelope. */
export const publicTopics = {
  /** Transcoding. */
  job: 'paratii/jobs/1',
  /** Offers of hosts. */
  offer: 'paratii/hosts/1',
  /** Daemons that relay mail. */
  relay: 'paratii/relays/1',
} as const
