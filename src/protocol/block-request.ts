import type { Cid, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { isHex } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { isCid } from './cid.ts'
import { maxClockSkewMs } from './message.ts'
import { recoverText, signRecoverableText } from './signed.ts'

/** Leaves `first` to `last`, both among them; indices in the order of a depth-first walk over unique raw leaves. */
export type LeafRange = { readonly first: number; readonly last: number }

/** A GET for raw leaves, answered one after the other in the order asked. */
export type BlockRequest = {
  readonly root: Cid
  readonly leaves: readonly LeafRange[]
  /** What pays; `replicate`: a listed host copies from the publisher. */
  readonly purchase: PurchaseNonce | 'replicate'
  /** Milliseconds since 1970. A host refuses what is 2 minutes off its clock. */
  readonly time: number
  /** Differs between requests of one purchase and time, so that each is served once. */
  readonly counter: number
}

export type SignedBlockRequest = { readonly request: BlockRequest; readonly signature: Signature }

export const blocksPath = '/paratii/1/blocks'
export const maxLeafRanges = 256
export const maxLeafIndex = 2 ** 24 - 1
const maxTargetLength = 8192

/** Path and query in their one spelling, without the signature: what is signed. */
export const blockTarget = (request: BlockRequest): string =>
  `${blocksPath}?root=${request.root}&leaves=${request.leaves.map(textOfRange).join(',')}` +
  `&purchase=${request.purchase}&time=${request.time}&counter=${request.counter}`

/** Path and query with the signature of the purchase's node key (or the copying host's), for the host `to`. */
export const signBlockTarget = (
  crypto: Crypto,
  request: BlockRequest,
  to: PublicKey,
  secretKey: Uint8Array,
): string => {
  const target = blockTarget(request)
  return `${target}&sig=${signRecoverableText(crypto, requestText(target, to), secretKey)}`
}

/** Parses path and query. Any other spelling than {@link blockTarget}'s is `request-malformed`. */
export const parseBlockTarget = (target: string): Result<SignedBlockRequest> => {
  const malformed = failed('request-malformed')
  const question = target.indexOf('?')
  if (target.length > maxTargetLength || question < 0) return malformed
  const query = new URLSearchParams(target.slice(question + 1))
  const [root, leaves, purchase, time, counter, signature] = fieldNames.map(name => query.get(name))
  const ranges = parseRanges(leaves ?? '')
  const timeMs = parseInteger(time ?? '', Number.MAX_SAFE_INTEGER)
  const count = parseInteger(counter ?? '', Number.MAX_SAFE_INTEGER)
  if (root == null || purchase == null || signature == null) return malformed
  if (!isCid(root) || !isPurchase(purchase) || !isSignature(signature)) return malformed
  if (ranges === undefined || timeMs === undefined || count === undefined) return malformed
  const request = { root, leaves: ranges, purchase, time: timeMs, counter: count }
  return `${blockTarget(request)}&sig=${signature}` === target ? ok({ request, signature }) : malformed
}

/** Who asks: the public key that signed, `signature-invalid` if none could have. The caller knows who may ask. */
export const recoverBlockRequest = (
  crypto: Crypto,
  signed: SignedBlockRequest,
  to: PublicKey,
): Result<PublicKey> => {
  const key = recoverText(crypto, requestText(blockTarget(signed.request), to), signed.signature)
  return key === undefined ? failed('signature-invalid', { field: 'sig' }) : ok(key)
}

/** Refuses a request dated more than 2 minutes from our clock. */
export const checkRequestTime = (request: BlockRequest, nowMs: number): Result<BlockRequest> =>
  Math.abs(nowMs - request.time) > maxClockSkewMs
    ? failed('request-expired', { time: request.time })
    : ok(request)

const fieldNames = ['root', 'leaves', 'purchase', 'time', 'counter', 'sig'] as const

const requestText = (target: string, to: PublicKey) => ({ type: 'blocks', to, method: 'GET', target })

const textOfRange = (range: LeafRange): string =>
  range.first === range.last ? `${range.first}` : `${range.first}-${range.last}`

const parseRanges = (text: string): readonly LeafRange[] | undefined => {
  const parts = text.split(',', maxLeafRanges + 1)
  if (parts.length > maxLeafRanges) return undefined
  const ranges: LeafRange[] = []
  for (const part of parts) {
    const [from = '', to = from, ...rest] = part.split('-')
    const first = parseInteger(from, maxLeafIndex)
    const last = parseInteger(to, maxLeafIndex)
    if (first === undefined || last === undefined || last < first || rest.length > 0) return undefined
    ranges.push({ first, last })
  }
  return ranges
}

const parseInteger = (text: string, max: number): number | undefined => {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return value <= max ? value : undefined
}

const isPurchase = (text: string): text is PurchaseNonce | 'replicate' =>
  text === 'replicate' || isHex(text, 32)
const isSignature = (text: string): text is Signature => isHex(text, 64)
