import { keccak256 } from '#protocol/hash.ts'
import { bytesFromUtf8, concatBytes, parseUtf8 } from '#std/bytes.ts'

/**
 * The digest of `personal_sign` (EIP-191, version 0x45). Its prefix keeps it apart from transactions, from typed data,
 * and from all that Paratii signs.
 */
export const digestPersonal = (message: Uint8Array): Uint8Array =>
  keccak256(concatBytes(bytesFromUtf8(`\x19Ethereum Signed Message:\n${message.length}`), message))

/** The message as people read it; `undefined` if it is no text, or hides what it says by control characters. */
export function readPersonal(message: Uint8Array): string | undefined {
  const text = parseUtf8(message)
  // Direction marks can make a text look like another one.
  return text === undefined || /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text.replace(/[\n\r\t]/g, ''))
    ? undefined
    : text
}

/** The site that a sign-in message (EIP-4361) is for; `undefined` if it is no such message. */
export const signInHost = (text: string): string | undefined =>
  /^(?:[a-z][a-z0-9+.-]*:\/\/)?(\S+) wants you to sign in with your Ethereum account:/.exec(text)?.[1]
