import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import type { Address, Hash, Hex, PublicKey, VideoId } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8 } from '#std/bytes.ts'
import { familyOf } from '#std/error.ts'
import type { Failure, Result } from '#std/result.ts'
import blockRequests from '../../test/vectors/block-request.json' with { type: 'json' }
import envelopes from '../../test/vectors/envelope.json' with { type: 'json' }
import hosts from '../../test/vectors/hosts.json' with { type: 'json' }
import messages from '../../test/vectors/message.json' with { type: 'json' }
import signed from '../../test/vectors/signed.json' with { type: 'json' }
import documents from '../../test/vectors/video-document.json' with { type: 'json' }
import { openHosts } from './announcement.ts'
import { parseBlockTarget, recoverBlockRequest } from './block-request.ts'
import { checkOrder } from './check-order.ts'
import { decodeCid } from './cid.ts'
import { decodeEnvelope, openEnvelope } from './envelope.ts'
import { decodeFromHost, decodeFromViewer } from './exchange.ts'
import { encodeJson, type Json } from './json.ts'
import { decodeMessage, isKnown } from './message.ts'
import { verifySentReceipt } from './receipt.ts'
import { recoverRequestClose } from './request-close.ts'
import { decodeSigned, openSigned } from './signed.ts'
import { paratiiDomain } from './typed-data.ts'
import { decodeVideoDocument } from './video-document.ts'

/**
 * Every decoder and verifier against generated and mutated input, by the adapter that daemons use. Nothing throws;
 * what is only parsed fails as Malformed; what is checked too may also be Rejected.
 */

const runs = Number(process.env.FC_NUM_RUNS ?? 300)
const receiverSecret = bytesFromHex((envelopes[0]?.receiverSecret ?? '0x') as Hex)
const store = paratiiDomain(31337, `0x${'11'.repeat(20)}` as Address)
const key = `0x02${'11'.repeat(32)}` as PublicKey
const word = `0x${'11'.repeat(32)}` as Hash

/** The given bytes with a few of them changed, cut out or repeated. */
const mutated = (seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      seed: fc.constantFrom(...seeds),
      changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      cut: fc.option(fc.tuple(fc.nat(), fc.nat(8)), { freq: 3 }),
    })
    .map(({ seed, changes, cut }) => {
      const bytes = Array.from(seed)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      if (cut !== null) bytes.splice(cut[0] % bytes.length, cut[1])
      return Uint8Array.from(bytes)
    })

/** How many values a document has, itself among them. */
const countValues = (value: Json): number =>
  value === null || typeof value !== 'object'
    ? 1
    : Object.values(value).reduce((sum: number, inner: Json) => sum + countValues(inner), 1)

/** The document with its n-th value changed. */
const changeValue = (value: Json, n: number, change: (old: Json) => Json): Json => {
  if (n === 0) return change(value)
  if (value === null || typeof value !== 'object') return value
  let at = 1
  const entries = Object.entries(value).map(([name, inner]): [string, Json] => {
    const from = at
    at += countValues(inner)
    return [name, n >= from && n < at ? changeValue(inner, n - from, change) : inner]
  })
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

/** Well-formed canonical JSON with one value replaced, or one digit of a hex text. */
const replaced = (texts: readonly string[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      text: fc.constantFrom(...texts),
      n: fc.nat(),
      digit: fc.nat(15),
      other: fc.jsonValue({ maxDepth: 3 }),
    })
    .map(({ text, n, digit, other }) => {
      const document: Json = JSON.parse(text)
      const change = (old: Json): Json =>
        typeof old === 'string' && old.startsWith('0x') && n % 2 === 0
          ? `${old.slice(0, (n % old.length) + 2)}${digit.toString(16)}${old.slice((n % old.length) + 3)}`
          : (other as Json)
      return encodeJson(changeValue(document, n % countValues(document), change))
    })

const json = (texts: readonly string[]) =>
  fc.oneof(
    replaced(texts),
    mutated(texts.map(bytesFromUtf8)),
    fc.json({ maxDepth: 10 }).map(bytesFromUtf8),
    fc.uint8Array({ maxLength: 300 }),
  )

const bodies = messages.map(message => JSON.stringify(JSON.parse(message.json).body))
const expected = {
  id: word as VideoId,
  mailbox: (hosts[0]?.mailbox ?? '0x') as PublicKey,
  nowMs: 1_800_000_000_000,
}

/** Checks whatever a message carries, as its receiver would. */
const useMessage = (bytes: Uint8Array): Result<unknown> => {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || !isKnown(decoded.value)) return decoded
  const message = decoded.value
  if (message.type === 'order') {
    const { chainId, store: at } = message.body
    checkOrder(crypto, message.body, { chainId, store: at, token: at })
  }
  if (message.type === 'close') recoverRequestClose(crypto, store, message.body)
  if (message.type === 'receipt') {
    const { nonce, owner, leaf } = message.body
    verifySentReceipt(crypto, message.body, {
      store,
      nonce,
      signer: message.body.payout,
      owner,
      leaf,
      key: message.body.key,
    })
  }
  return decoded
}

const recoverRequest = (bytes: Uint8Array): Result<unknown> => {
  const parsed = parseBlockTarget(String.fromCharCode(...bytes))
  return parsed.ok ? recoverBlockRequest(crypto, parsed.value, key) : parsed
}

const malformed = ['Malformed']
const refused = ['Malformed', 'Rejected']
const hexes = (texts: readonly string[]) =>
  fc.oneof(mutated(texts.map(text => bytesFromHex(text as Hex))), fc.uint8Array({ maxLength: 300 }))

const decoders: readonly [
  string,
  fc.Arbitrary<Uint8Array>,
  (bytes: Uint8Array) => Result<unknown>,
  readonly string[],
][] = [
  ['a message', json(messages.map(message => message.json)), useMessage, malformed],
  ['a video document', json(documents.map(document => document.json)), decodeVideoDocument, malformed],
  ['the word of a host', json(bodies), bytes => decodeFromHost('initack', bytes), malformed],
  ['the word of a viewer', json(bodies), bytes => decodeFromViewer('payment', bytes), malformed],
  ['signed content', hexes(signed.map(each => each.signed)), decodeSigned, malformed],
  [
    'signed content, verified',
    hexes(signed.map(each => each.signed)),
    bytes => openSigned(crypto, bytes),
    refused,
  ],
  ['an envelope', hexes(envelopes.map(each => each.envelope)), decodeEnvelope, malformed],
  [
    'an envelope, opened',
    hexes(envelopes.map(each => each.envelope)),
    bytes => openEnvelope(crypto, bytes, receiverSecret),
    refused,
  ],
  [
    'a host list',
    hexes(hosts.map(each => each.signed)),
    bytes => openHosts(crypto, bytes, expected),
    refused,
  ],
  [
    'a block request',
    fc.oneof(
      mutated(blockRequests.map(each => bytesFromUtf8(each.target))),
      fc.uint8Array({ maxLength: 300 }),
    ),
    recoverRequest,
    refused,
  ],
  ['a CID', fc.uint8Array({ maxLength: 40 }), decodeCid, malformed],
]

describe('whatever arrives', () => {
  it.each(decoders)('as %s is read or refused, never a throw', (_, input, decode, families) => {
    fc.assert(
      fc.property(input, bytes => {
        const before = Uint8Array.from(bytes)
        const failure: Failure | undefined = failureOf(decode(bytes))
        if (failure !== undefined) expect(families).toContain(familyOf(failure.code))
        expect(bytes).toEqual(before)
      }),
      { numRuns: runs },
    )
  })
})

const failureOf = (result: Result<unknown>): Failure | undefined => (result.ok ? undefined : result.error)
