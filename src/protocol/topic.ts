import type { PublicKey, VideoId } from '#std/brand.ts'

/** The mailbox of a key: the pubsub topic that its lowercase hex names (seed 000). The one place that says so. */
export const topicOf = (publicKey: PublicKey): string => publicKey.slice(2)

/** Where an owner's host list of a video is announced. */
export const hostsTopicOf = (id: VideoId): string => `hosts/${id}`
