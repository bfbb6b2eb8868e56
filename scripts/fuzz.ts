/**
 * Every decoder and verifier against generated and mutated input, signatures by the adapter that daemons use:
 *
 *   node scripts/fuzz.ts [inputs] [seed]      1,000,000 inputs unless told otherwise
 *
 * Fails when anything throws, a parser refuses with a code that is not Malformed (a verifier: nor Rejected), an input is
 * changed, a frame decoder holds more than one frame's limit, or memory grows. Prints what it did as JSON.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { openAnnouncement, openHosts } from '#protocol/announcement.ts'
import { decodeBlockData } from '#protocol/block-data.ts'
import { parseBlockTarget, recoverBlockRequest } from '#protocol/block-request.ts'
import { checkOrder } from '#protocol/check-order.ts'
import { decodeCid } from '#protocol/cid.ts'
import { checkEnvelope, decodeEnvelope, openEnvelope, sealEnvelope } from '#protocol/envelope.ts'
import { decodeFromHost, decodeFromViewer } from '#protocol/exchange.ts'
import { createFrameDecoder, decodeFrame } from '#protocol/frame.ts'
import { decodeFreeQuestion } from '#protocol/free.ts'
import { decodeJson } from '#protocol/json.ts'
import { openMail } from '#protocol/mail.ts'
import { decodeMessage, isKnown } from '#protocol/message.ts'
import { decodeFromPoster, decodeFromPostingHost, verifyPosterProof } from '#protocol/posting.ts'
import { openGot, openListen } from '#protocol/relaying.ts'
import { identityOf, recoverPublicKey } from '#protocol/signature.ts'
import { decodeSigned, openSigned, signContent } from '#protocol/signed.ts'
import { publicTopics } from '#protocol/topic.ts'
import { decodeVideoDocument } from '#protocol/video-document.ts'
import { decodeWatch, type WatchBodies } from '#protocol/watch.ts'
import type { Hash, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, hexFromBytes, isHex, parseUtf8 } from '#std/bytes.ts'
import { familyOf } from '#std/error.ts'
import type { Result } from '#std/result.ts'

const inputCount = Number(process.argv[2] ?? 1_000_000)
const seed = Number(process.argv[3] ?? 1)
const maxGrownBytes = 256 * 1_048_576

// xorshift32: fast, and the same inputs for the same seed.
let state = seed >>> 0 || 1
const below = (count: number): number => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % count
}

/** Every text and every run of bytes that stands in a golden vector: what mutations begin from. */
const seedsOf = (folder: URL): Uint8Array[] => {
  const found = new Map<string, Uint8Array>()
  const collect = (value: unknown): void => {
    if (typeof value === 'string' && value.length > 30)
      found.set(value, isHex(value) ? bytesFromHex(value) : bytesFromUtf8(value))
    else if (value !== null && typeof value === 'object')
      for (const inner of Object.values(value)) collect(inner)
  }
  for (const file of readdirSync(folder)) collect(JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
  return [...found.values()].filter(bytes => bytes.length <= 70_000)
}
const folder = new URL('../test/vectors/', import.meta.url)
const seeds = seedsOf(folder)
const small = seeds.filter(bytes => bytes.length <= 8_192)
const vectorsOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as readonly Record<string, string>[]

const generate = (): Uint8Array => {
  const bytes = new Uint8Array(below(600))
  for (let i = 0; i < bytes.length; i++) bytes[i] = below(256)
  return bytes
}

/** A seed with a few bytes changed, cut out, repeated, or a piece of another put in. */
const mutate = (from: Uint8Array): Uint8Array => {
  let bytes = Uint8Array.from(from)
  for (let changes = below(4); changes >= 0; changes--) {
    const at = below(bytes.length + 1)
    const length = below(24)
    const kind = below(6)
    if (kind < 3 && bytes.length > 0)
      bytes[at % bytes.length] = kind === 0 ? below(256) : (bytes[at % bytes.length] ?? 0) ^ (1 << below(8))
    else if (kind === 3) bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)])
    else if (kind === 4)
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - length))])
    else {
      const other = small[below(small.length)] ?? bytes
      const cut = below(other.length)
      bytes = Uint8Array.from([
        ...bytes.subarray(0, at),
        ...other.subarray(cut, cut + length),
        ...bytes.subarray(at),
      ])
    }
  }
  return bytes
}

const key = (vectorsOf('hosts')[0]?.mailbox ?? '') as PublicKey
const word = `0x${'11'.repeat(32)}` as Hash
const receiver = bytesFromHex(vectorsOf('envelope')[0]?.receiverSecret as `0x${string}`)
const receiverKey = identityOf(crypto, receiver).publicKey
const stranger = new Uint8Array(32).fill(7)
const nowMs = 1_800_000_000_000
const ignored: Result<unknown> = { ok: true, value: undefined }

const useMessage = (bytes: Uint8Array): Result<unknown> => {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || !isKnown(decoded.value) || decoded.value.type !== 'order') return decoded
  const { chainId, store } = decoded.value.body
  return checkOrder(crypto, decoded.value.body, { chainId, store, token: store })
}

const useRequest = (bytes: Uint8Array): Result<unknown> => {
  const parsed = parseBlockTarget(parseUtf8(bytes) ?? '')
  return parsed.ok ? recoverBlockRequest(crypto, parsed.value, key) : parsed
}

const usePoster = (bytes: Uint8Array): Result<unknown> => {
  const init = decodeFromPoster('init', bytes)
  return init.ok && init.value?.cmd === 'init'
    ? verifyPosterProof(crypto, { nonce: word, key }, init.value.body)
    : init
}

/** The first of these words that it can be read as, else the last one's refusal. */
const firstOf = <C extends string>(
  cmds: readonly C[],
  decode: (cmd: C) => Result<unknown>,
): Result<unknown> => {
  let result: Result<unknown> = ignored
  for (const cmd of cmds) {
    result = decode(cmd)
    if (result.ok) return result
  }
  return result
}
const useFreeQuestion = (bytes: Uint8Array): Result<unknown> =>
  firstOf(['gethosts', 'gethead'] as const, cmd => decodeFreeQuestion(cmd, bytes))
const watchWords: readonly (keyof WatchBodies)[] = [
  'greet',
  'init',
  'initack',
  'want',
  'chunk',
  'head',
  'bye',
]
const useWatch = (bytes: Uint8Array): Result<unknown> => firstOf(watchWords, cmd => decodeWatch(cmd, bytes))

/** A stream cut anywhere: what is held never exceeds the limit, and after a failure nothing comes out any more. */
const useStream = (bytes: Uint8Array): Result<unknown> => {
  const limit = 4096
  const decoder = createFrameDecoder(limit)
  let result: Result<unknown> = ignored
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(bytes.length, at + 1 + below(200))
    const pushed = decoder.push(bytes.subarray(at, next))
    if (pushed.ok && !result.ok) throw new Error('a broken stream went on')
    if (pushed.ok && pushed.value.some(frame => frame.data.buffer.byteLength > limit))
      throw new Error('holds too much')
    result = pushed
    at = next
  }
  return result
}

const verifyAny = (bytes: Uint8Array): Result<unknown> => {
  const padded = new Uint8Array(161)
  padded.set(bytes.subarray(0, 161))
  crypto.verify(padded.subarray(0, 64), padded.subarray(64, 96), padded.subarray(96, 129))
  crypto.recover(padded.subarray(0, 64), (padded[160] ?? 0) % 2 === 0 ? 0 : 1, padded.subarray(64, 96))
  crypto.uncompress(padded.subarray(96, 129))
  crypto.ecdh(receiver, padded.subarray(96, 129))
  recoverPublicKey(crypto, padded.subarray(64, 96), hexFromBytes(padded.subarray(0, 64)) as Signature)
  return ignored
}

const parsers: Record<string, (bytes: Uint8Array) => Result<unknown>> = {
  frame: bytes => decodeFrame(bytes, 65_536),
  'frame stream': useStream,
  'signed content': decodeSigned,
  envelope: decodeEnvelope,
  json: bytes => decodeJson(bytes, 65_536),
  'video document': decodeVideoDocument,
  'word of a host': bytes => decodeFromHost('initack', bytes),
  'word of a viewer': bytes => decodeFromViewer('payment', bytes),
  'order on the exchange': bytes => decodeFromViewer('init', bytes),
  'request for blocks': bytes => decodeFromViewer('getdata', bytes),
  'free question': useFreeQuestion,
  'word of a watched stream': useWatch,
  'word of a storing host': bytes => decodeFromPostingHost('initack', bytes),
  block: decodeBlockData,
  cid: decodeCid,
}
const verifiers: Record<string, (bytes: Uint8Array) => Result<unknown>> = {
  'signed content, verified': bytes => openSigned(crypto, bytes),
  'envelope, at a relay': bytes => checkEnvelope(crypto, bytes),
  'envelope, opened': bytes => openEnvelope(crypto, bytes, receiver),
  mail: bytes => openMail(crypto, bytes, receiver, nowMs),
  message: useMessage,
  'block request': useRequest,
  'host list': bytes => openHosts(crypto, bytes, { id: word as VideoId, mailbox: key, nowMs }),
  job: bytes => openAnnouncement(crypto, bytes, { type: 'job', topic: publicTopics.job, nowMs }),
  listen: bytes => openListen(crypto, bytes, { relay: key, nowMs }),
  got: bytes => openGot(crypto, bytes),
  'proof of a poster': usePoster,
  signatures: verifyAny,
  // Junk that somebody signed, or sealed to us: what lies behind the signature.
  'job, signed': bytes =>
    openAnnouncement(crypto, signContent(crypto, bytes, stranger), {
      type: 'job',
      topic: publicTopics.job,
      nowMs,
    }),
  'got, signed': bytes => openGot(crypto, signContent(crypto, bytes, stranger)),
  'mail, sealed': bytes => {
    const secrets = { ephemeralSecretKey: stranger, nonce: new Uint8Array(24) }
    const content = signContent(crypto, bytes.subarray(0, 40_000), stranger)
    const envelope = sealEnvelope(crypto, content, receiverKey, secrets)
    return envelope === undefined ? ignored : openMail(crypto, envelope, receiver, nowMs)
  },
}

/** The refusals that went in, so that a target which refuses everything alike is seen. */
const tally = new Map<string, { inputs: number; read: number; codes: Set<string> }>()
const run = (
  name: string,
  decode: (bytes: Uint8Array) => Result<unknown>,
  families: readonly string[],
): void => {
  const count = tally.get(name) ?? { inputs: 0, read: 0, codes: new Set<string>() }
  tally.set(name, count)
  const own = seedsFor.get(name) ?? seeds
  const pool = below(4) === 0 ? seeds : own
  const from = below(12) === 0 ? undefined : pool[below(pool.length)]
  const bytes = from === undefined ? generate() : mutate(from)
  const before = Uint8Array.from(bytes)
  const result = decode(bytes)
  count.inputs++
  if (result.ok) count.read++
  else {
    count.codes.add(result.error.code)
    if (!families.includes(familyOf(result.error.code))) throw new Error(`${name}: ${result.error.code}`)
  }
  if (Buffer.compare(before, bytes) !== 0) throw new Error(`${name} changed its input`)
}

const targets = [
  ...Object.entries(parsers).map(([name, decode]) => [name, decode, ['Malformed']] as const),
  ...Object.entries(verifiers).map(([name, decode]) => [name, decode, ['Malformed', 'Rejected']] as const),
]
/** What a target reads as it is, it is given changed most of the time: so that inputs get far. */
const seedsFor = new Map(
  targets.map(([name, decode]): [string, readonly Uint8Array[]] => {
    const read = seeds.filter(bytes => decode(bytes).ok)
    return [name, read.length > 0 ? read : seeds]
  }),
)

const started = performance.now()
const grownFrom = process.memoryUsage().rss
let mostBytes = grownFrom
for (let i = 0; i < inputCount; i++) {
  const [name, decode, families] = targets[i % targets.length] ?? targets[0] ?? []
  if (name === undefined || decode === undefined || families === undefined) throw new Error('no target')
  run(name, decode, families)
  if (i % 10_000 === 0) mostBytes = Math.max(mostBytes, process.memoryUsage().rss)
}
if (mostBytes - grownFrom > maxGrownBytes) throw new Error(`memory grew by ${mostBytes - grownFrom} bytes`)
const report = {
  inputs: inputCount,
  seed,
  targets: Object.fromEntries(
    [...tally].map(([name, { inputs, read, codes }]) => [name, { inputs, read, codes: [...codes].sort() }]),
  ),
  seconds: Math.round((performance.now() - started) / 1000),
  grownMiB: Math.round((mostBytes - grownFrom) / 1_048_576),
}
process.stdout.write(`${JSON.stringify(report)}\n`)
