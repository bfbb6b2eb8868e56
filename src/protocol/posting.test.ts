import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Hex } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes, parseUtf8 } from '#std/bytes.ts'
import words from '../../test/vectors/exchange-words.json' with { type: 'json' }
import freeWords from '../../test/vectors/free.json' with { type: 'json' }
import vectors from '../../test/vectors/posting.json' with { type: 'json' }
import { decodeBlockData, encodeBlockData, maxBlockDataBytes } from './block-data.ts'
import { decodeFromHost, decodeFromViewer, encodeExchange } from './exchange.ts'
import { decodeFrame } from './frame.ts'
import { decodeFreeQuestion, encodeFreeQuestion, type FreeQuestion } from './free.ts'
import {
  decodeFromPoster,
  decodeFromPostingHost,
  encodePosting,
  signPosterProof,
  verifyPosterProof,
} from './posting.ts'

const encodeFree = (body: FreeQuestion['body']) => encodeFreeQuestion({ cmd: 'gethosts', body } as never)

const decoders = {
  host: { exchange: decodeFromHost, posting: decodeFromPostingHost, free: decodeFreeQuestion },
  viewer: { exchange: decodeFromViewer, posting: decodeFromViewer, free: decodeFreeQuestion },
  poster: { exchange: decodeFromPoster, posting: decodeFromPoster, free: decodeFreeQuestion },
} as const

describe.each([
  ...words.map(vector => ({ ...vector, stream: 'exchange' as const })),
  ...freeWords.map(vector => ({ ...vector, stream: 'free' as const })),
  ...vectors.map(vector => ({ ...vector, stream: 'posting' as const })),
])('the word $cmd of a $from ($stream)', ({ stream, from, cmd, data, frame }) => {
  const bytes = bytesFromHex(data as Hex)

  it('is framed as in its golden vector', () => {
    const decoded = decodeFrame(bytesFromHex(frame as Hex), maxBlockDataBytes)
    expect(decoded).toMatchObject({ ok: true, value: { version: 0, cmd, data: bytes } })
  })

  it('is read and written as in its golden vector', () => {
    if (cmd === 'data' || cmd === 'postdata') {
      const block = decodeBlockData(bytes)
      if (!block.ok) throw new Error(block.error.code)
      expect(hexFromBytes(encodeBlockData(block.value))).toBe(data)
      return
    }
    const word = decoders[from as keyof typeof decoders][stream](cmd, bytes)
    if (!word.ok || word.value === undefined) throw new Error(`${cmd} was not read`)
    const { body } = word.value
    const encode = { exchange: encodeExchange, posting: encodePosting, free: encodeFree }[stream]
    const written = encode(body as never)
    expect(hexFromBytes(written)).toBe(data)
  })

  it('is refused where its JSON is cut, and skipped where it is unknown', () => {
    const decode = decoders[from as keyof typeof decoders][stream]
    if (cmd !== 'data' && cmd !== 'postdata') {
      expect(decode(cmd, bytes.subarray(1))).toMatchObject({ error: { code: 'message-malformed' } })
    }
    expect(decode('newer', bytes)).toEqual({ ok: true, value: undefined })
  })
})

describe('a block on a stream', () => {
  it('is refused without a CID, with one of another kind, and when it is too long', () => {
    expect(decodeBlockData(new Uint8Array(35))).toMatchObject({ error: { code: 'message-malformed' } })
    expect(decodeBlockData(new Uint8Array(40))).toMatchObject({ error: { code: 'cid-malformed' } })
    expect(decodeBlockData(new Uint8Array(maxBlockDataBytes + 1))).toMatchObject({
      error: { code: 'message-too-long' },
    })
  })
})

describe('the proof of a poster', () => {
  const wordOf = (from: string) => vectors.find(vector => vector.cmd === 'init' && vector.from === from)
  const greeting = decodeFromPostingHost('init', bytesFromHex((wordOf('host')?.data ?? '0x') as Hex))
  const init = decodeFromPoster('init', bytesFromHex((wordOf('poster')?.data ?? '0x') as Hex))
  if (!greeting.ok || !init.ok || greeting.value?.cmd !== 'init' || init.value?.cmd !== 'init')
    throw new Error('no vector')
  const host = greeting.value.body
  const poster = init.value.body

  it('is by the channel’s signer, for this host, this nonce, this video', () => {
    expect(verifyPosterProof(crypto, host, poster).ok).toBe(true)
    const { proof: _, ...unsigned } = poster
    const secret = bytesFromHex((wordOf('poster')?.signerSecret ?? '0x') as Hex)
    expect(signPosterProof(crypto, host, unsigned, secret)).toEqual(poster)
    const refused = { error: { code: 'signature-invalid' } }
    expect(verifyPosterProof(crypto, { ...host, nonce: poster.root }, poster)).toMatchObject(refused)
    expect(verifyPosterProof(crypto, host, { ...poster, root: host.nonce })).toMatchObject(refused)
    const channel = { ...poster.channel, counter: 4 }
    expect(verifyPosterProof(crypto, host, { ...poster, channel })).toMatchObject(refused)
  })

  it('is canonical JSON that people can read', () => {
    expect(parseUtf8(encodePosting(poster))).toMatch(/^\{"channel":\{"counter":3,/)
  })
})
