import * as v from 'valibot'
import type { Hash, PublicKey } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { hashField, listField, parseFields, publicKeyField, type Schema, uint53Field } from './fields.ts'
import { hashFromBytes, sha256 } from './hash.ts'
import { decodeJson, encodeJson, type Json } from './json.ts'
import { maxClockSkewMs } from './message.ts'
import { publicKeyFromBytes } from './signature.ts'
import { openSigned, signContent, signedOverhead } from './signed.ts'

/**
 * What owners of mailboxes tell relays, as signed content by the mailbox key:
 * - `listen`: bring me the mail of this mailbox. To one relay, once.
 * - `got`: these envelopes arrived; whoever holds them may drop them. To everyone who carries the topic.
 */
export type Listen = { readonly type: 'listen'; readonly to: PublicKey; readonly at: number }
export type Got = { readonly type: 'got'; readonly to: PublicKey; readonly envelopes: readonly Hash[] }

/** Envelopes that one `got` names. */
export const maxGot = 64
/** Bytes of either as signed content. */
export const maxRelayingBytes = 8192

const listenSchema: Schema<Listen> = v.object({
  type: v.literal('listen'),
  to: publicKeyField,
  at: uint53Field,
})
const gotSchema: Schema<Got> = v.object({
  type: v.literal('got'),
  to: publicKeyField,
  envelopes: listField(hashField, maxGot),
})

/** The name of an envelope among relays: sha256 of its bytes. */
export const nameEnvelope = (envelope: Uint8Array): Hash => hashFromBytes(sha256(envelope))

/** Asks the relay with this node key for the mail to our key. */
export const signListen = (crypto: Crypto, relay: PublicKey, at: number, mailboxSecretKey: Uint8Array) =>
  signContent(crypto, encodeJson({ type: 'listen', to: relay, at }), mailboxSecretKey)

/** The mailbox's key; `message-not-mine`, `message-expired` or `message-from-future` (2 minutes either way). */
export const openListen = (
  crypto: Crypto,
  bytes: Uint8Array,
  expected: { readonly relay: PublicKey; readonly nowMs: number },
): Result<PublicKey> => {
  const opened = openDocument(crypto, bytes, listenSchema)
  if (!opened.ok) return opened
  const { to, at } = opened.value.document
  if (to !== expected.relay) return failed('message-not-mine')
  if (at > expected.nowMs + maxClockSkewMs) return failed('message-from-future', { at })
  if (at < expected.nowMs - maxClockSkewMs) return failed('message-expired', { expires: at + maxClockSkewMs })
  return ok(opened.value.sender)
}

/** Says that envelopes arrived in the mailbox of this key. Throws RangeError above {@link maxGot}. */
export const signGot = (crypto: Crypto, envelopes: readonly Hash[], mailboxSecretKey: Uint8Array) => {
  if (envelopes.length > maxGot) throw new RangeError('too many envelopes for one receipt')
  const to = publicKeyFromBytes(crypto.publicKey(mailboxSecretKey))
  return signContent(crypto, encodeJson({ type: 'got', to, envelopes } satisfies Json), mailboxSecretKey)
}

/** Whose mail arrived, and which; `signature-invalid` unless that mailbox's own key says so. */
export const openGot = (crypto: Crypto, bytes: Uint8Array): Result<Got> => {
  const opened = openDocument(crypto, bytes, gotSchema)
  if (!opened.ok) return opened
  const { sender, document } = opened.value
  return sender === document.to ? ok(document) : failed('signature-invalid', { field: 'to' })
}

const openDocument = <T>(
  crypto: Crypto,
  bytes: Uint8Array,
  schema: Schema<T>,
): Result<{ readonly sender: PublicKey; readonly document: T }> => {
  if (bytes.length > maxRelayingBytes) return failed('message-too-long', { bytes: bytes.length })
  const signed = openSigned(crypto, bytes)
  if (!signed.ok) return signed
  const json = decodeJson(signed.value.data, maxRelayingBytes - signedOverhead)
  if (!json.ok) return json
  const parsed = parseFields(schema, json.value, 'message-malformed')
  return parsed.ok ? ok({ sender: signed.value.publicKey, document: parsed.value }) : parsed
}
