import * as v from 'valibot'
import type { PublicKey, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { parseFields, type Schema, uint53Field } from './fields.ts'
import { type HostList, hostListSchema } from './host-list.ts'
import { type Job, jobSchema } from './job.ts'
import { decodeJson, encodeJson, type Json } from './json.ts'
import { maxClockSkewMs, maxMessageBytes } from './message.ts'
import { type Offer, offerSchema } from './offer.ts'
import { type RelayListing, relayListingSchema } from './relay-listing.ts'
import { openSigned, signContent, signedOverhead } from './signed.ts'
import { hostsTopicOf, publicTopics } from './topic.ts'

/** What may be said to everyone, by type: signed content without an envelope. */
export type AnnouncementBodies = {
  /** An owner says who hosts a video, on `hosts/<video id>`. */
  readonly hosts: HostList
  readonly job: Job
  readonly offer: Offer
  readonly relay: RelayListing
}
export type AnnouncementType = keyof AnnouncementBodies

/** Something said to everyone, which holds from `at` to `expires` (milliseconds since 1970). */
export type Announcement<T extends AnnouncementType = AnnouncementType> = {
  readonly v: 1
  readonly type: T
  readonly topic: string
  readonly at: number
  readonly expires: number
  readonly body: AnnouncementBodies[T]
}
export type HostsAnnouncement = Announcement<'hosts'>

export type AnnouncementTimes = { readonly at: number; readonly expires: number }

const bodySchemas: { readonly [T in AnnouncementType]: Schema<AnnouncementBodies[T]> } = {
  hosts: hostListSchema,
  job: jobSchema,
  offer: offerSchema,
  relay: relayListingSchema,
}

const announcementSchema = <T extends AnnouncementType>(type: T): Schema<Announcement<T>> =>
  v.object({
    v: v.literal(1),
    type: v.literal(type),
    topic: v.pipe(v.string(), v.maxLength(80)),
    at: uint53Field,
    expires: uint53Field,
    // Type and body are of one T; TypeScript cannot follow that through valibot's inference.
    body: bodySchemas[type],
  }) as unknown as Schema<Announcement<T>>

/** Signed content for a public topic. Throws RangeError above 48 KiB: senders bound their lists. */
export const signAnnouncement = <T extends AnnouncementType>(
  crypto: Crypto,
  content: { readonly type: T; readonly topic: string; readonly body: AnnouncementBodies[T] },
  times: AnnouncementTimes,
  secretKey: Uint8Array,
): Uint8Array<ArrayBuffer> => {
  const data = encodeJson({ v: 1, ...content, ...times } as unknown as Json)
  if (data.length > maxMessageBytes) throw new RangeError('announcement longer than 48 KiB')
  return signContent(crypto, data, secretKey)
}

/**
 * Parses and checks what was said to everyone, from whomever it came: its signature, that it is of this type and for
 * this topic (`message-malformed`, `message-not-mine`), and its time (`message-expired`, `message-from-future`).
 */
export const openAnnouncement = <T extends AnnouncementType>(
  crypto: Crypto,
  bytes: Uint8Array,
  expected: { readonly type: T; readonly topic: string; readonly nowMs: number },
): Result<{ readonly sender: PublicKey; readonly announcement: Announcement<T> }> => {
  if (bytes.length > maxMessageBytes + signedOverhead)
    return failed('message-too-long', { bytes: bytes.length })
  const signed = openSigned(crypto, bytes)
  if (!signed.ok) return signed
  const json = decodeJson(signed.value.data, maxMessageBytes)
  if (!json.ok) return json
  const parsed = parseFields(announcementSchema(expected.type), json.value, 'message-malformed')
  if (!parsed.ok) return parsed
  const { topic, at, expires } = parsed.value
  if (topic !== expected.topic) return failed('message-not-mine')
  if (at > expected.nowMs + maxClockSkewMs) return failed('message-from-future', { at })
  if (expires <= expected.nowMs) return failed('message-expired', { expires })
  return ok({ sender: signed.value.publicKey, announcement: parsed.value })
}

/** As {@link signAnnouncement} for a job, a host's offer or a relay, each on its own topic. */
export const signPublic = <T extends keyof typeof publicTopics>(
  crypto: Crypto,
  type: T,
  body: AnnouncementBodies[T],
  times: AnnouncementTimes,
  secretKey: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  signAnnouncement(crypto, { type, topic: publicTopics[type], body }, times, secretKey)

/** Signed content that says who hosts a video. Signed by the owner's mailbox key. */
export const signHosts = (
  crypto: Crypto,
  list: HostList,
  times: AnnouncementTimes,
  mailboxSecretKey: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  signAnnouncement(
    crypto,
    { type: 'hosts', topic: hostsTopicOf(list.id), body: list },
    times,
    mailboxSecretKey,
  )

/**
 * Parses and checks a host list: signed by `mailbox` (`signature-invalid`), for this video (`message-not-mine`), in its
 * time.
 */
export const openHosts = (
  crypto: Crypto,
  bytes: Uint8Array,
  expected: { readonly id: VideoId; readonly mailbox: PublicKey; readonly nowMs: number },
): Result<HostsAnnouncement> => {
  const { id, mailbox, nowMs } = expected
  const opened = openAnnouncement(crypto, bytes, { type: 'hosts', topic: hostsTopicOf(id), nowMs })
  if (!opened.ok) return opened
  const { sender, announcement } = opened.value
  if (sender !== mailbox) return failed('signature-invalid', { field: 'mailbox' })
  return announcement.body.id === id ? ok(announcement) : failed('message-not-mine')
}
