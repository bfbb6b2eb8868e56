import * as v from 'valibot'
import type { PublicKey, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { parseFields, type Schema, uint53Field } from './fields.ts'
import { type HostList, hostListSchema } from './host-list.ts'
import { decodeJson, encodeJson } from './json.ts'
import { maxClockSkewMs, maxMessageBytes } from './message.ts'
import { openSigned, signContent, signedOverhead } from './signed.ts'
import { hostsTopicOf } from './topic.ts'

/** A host list as its publisher said it to everyone, from `at` to `expires` (milliseconds since 1970). */
export type HostsAnnouncement = {
  readonly v: 1
  readonly type: 'hosts'
  /** `hosts/<video id>` */
  readonly topic: string
  readonly at: number
  readonly expires: number
  readonly body: HostList
}

const hostsAnnouncementSchema: Schema<HostsAnnouncement> = v.object({
  v: v.literal(1),
  type: v.literal('hosts'),
  topic: v.pipe(v.string(), v.maxLength(80)),
  at: uint53Field,
  expires: uint53Field,
  body: hostListSchema,
})

/** Signed content that says who hosts a video. Signed by the owner's mailbox key. */
export const signHosts = (
  crypto: Crypto,
  list: HostList,
  times: { readonly at: number; readonly expires: number },
  mailboxSecretKey: Uint8Array,
): Uint8Array<ArrayBuffer> => {
  const data = encodeJson({ v: 1, type: 'hosts', topic: hostsTopicOf(list.id), ...times, body: list })
  if (data.length > maxMessageBytes) throw new RangeError('host list longer than 48 KiB')
  return signContent(crypto, data, mailboxSecretKey)
}

/**
 * Parses and checks a host list, from whomever it came: signed by `mailbox` (`signature-invalid`), for this video
 * (`message-not-mine`), in its time (`message-expired`, `message-from-future`).
 */
export const openHosts = (
  crypto: Crypto,
  bytes: Uint8Array,
  expected: { readonly id: VideoId; readonly mailbox: PublicKey; readonly nowMs: number },
): Result<HostsAnnouncement> => {
  if (bytes.length > maxMessageBytes + signedOverhead)
    return failed('message-too-long', { bytes: bytes.length })
  const signed = openSigned(crypto, bytes)
  if (!signed.ok) return signed
  if (signed.value.publicKey !== expected.mailbox) return failed('signature-invalid', { field: 'mailbox' })
  const json = decodeJson(signed.value.data, maxMessageBytes)
  if (!json.ok) return json
  const parsed = parseFields(hostsAnnouncementSchema, json.value, 'message-malformed')
  if (!parsed.ok) return parsed
  const { topic, at, expires, body } = parsed.value
  if (topic !== hostsTopicOf(expected.id) || body.id !== expected.id) return failed('message-not-mine')
  if (at > expected.nowMs + maxClockSkewMs) return failed('message-from-future', { at })
  return expires <= expected.nowMs ? failed('message-expired', { expires }) : ok(parsed.value)
}
