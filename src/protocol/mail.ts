import type { PublicKey } from '#std/brand.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { type EnvelopeSecrets, openEnvelope, sealEnvelope } from './envelope.ts'
import { checkMessage, decodeMessage, encodeMessage, type Message, type UnknownMessage } from './message.ts'
import { publicKeyFromBytes } from './signature.ts'
import { signContent } from './signed.ts'

/** A message that was opened and checked, and the key that signed it. Replays are for the inbox to refuse. */
export type Mail = { readonly sender: PublicKey; readonly message: Message | UnknownMessage }

/** A message, signed by the sender, in an envelope to its `to`. `undefined` if `to` is no point of the curve. */
export const sealMail = (
  crypto: Crypto,
  message: Message,
  senderSecretKey: Uint8Array,
  secrets: EnvelopeSecrets,
): Uint8Array<ArrayBuffer> | undefined =>
  sealEnvelope(crypto, signContent(crypto, encodeMessage(message), senderSecretKey), message.to, secrets)

/** Opens an envelope and checks all that its bytes, our key and the time can tell. */
export const openMail = (
  crypto: Crypto,
  envelope: Uint8Array,
  secretKey: Uint8Array,
  nowMs: number,
): Result<Mail> => {
  const signed = openEnvelope(crypto, envelope, secretKey)
  if (!signed.ok) return signed
  const message = decodeMessage(signed.value.data)
  if (!message.ok) return message
  const checked = checkMessage(message.value, publicKeyFromBytes(crypto.publicKey(secretKey)), nowMs)
  return checked.ok ? ok({ sender: signed.value.publicKey, message: checked.value }) : checked
}
