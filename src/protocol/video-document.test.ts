import { AbiCoder, keccak256, toUtf8Bytes } from 'ethers'
import { describe, expect, it } from 'vitest'
import type { Address, FormatName } from '#std/brand.ts'
import { bytesFromUtf8, parseUtf8 } from '#std/bytes.ts'
import vectors from '../../test/vectors/video-document.json' with { type: 'json' }
import { canonicalText, type Json } from './json.ts'
import { cidFromRoot, formatWord, hashTerms, rootFromCid } from './terms.ts'
import {
  decodeVideoDocument,
  encodeVideoDocument,
  hashVideoDocument,
  maxVideoDocumentBytes,
  termsOf,
  type VideoDocument,
  videoIdOf,
} from './video-document.ts'

const cmaf = 'cmaf' as FormatName
const decode = (text: string): VideoDocument => {
  const decoded = decodeVideoDocument(bytesFromUtf8(text))
  if (!decoded.ok) throw new Error(decoded.error.code)
  return decoded.value
}

describe.each(vectors)('a video document', vector => {
  const document = decode(vector.json)
  const fields: Record<string, Json> = JSON.parse(vector.json)

  it('is decoded and encoded to the bytes of its golden vector', () => {
    expect(parseUtf8(encodeVideoDocument(document))).toBe(vector.json)
  })

  it('names the video by its owner and its first registration', () => {
    const { id, ...rest } = document
    expect(id).toBe(vector.id)
    expect(hashVideoDocument(rest)).toBe(vector.documentHash)
    expect(hashVideoDocument(document)).toBe(vector.documentHash)
    expect(videoIdOf(vector.owner as Address, hashVideoDocument(rest))).toBe(vector.id)
    const { id: _, ...wire } = fields
    expect(keccak256(toUtf8Bytes(canonicalText(wire)))).toBe(vector.documentHash)
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['address', 'bytes32'],
      [vector.owner, vector.documentHash],
    )
    expect(keccak256(encoded)).toBe(vector.id)
  })

  it('gives the terms of each format it sells, and of no other', () => {
    const terms = termsOf(document, cmaf, Number(vector.avatarBps))
    expect(terms.ok && hashTerms(terms.value)).toBe(vector.terms)
    for (const name of ['webm', 'toString', '__proto__']) {
      expect(termsOf(document, name as FormatName, 0)).toMatchObject({ error: { code: 'format-unknown' } })
    }
  })

  it('names its directory by a CID, of which the chain keeps the digest', () => {
    const cid = document.formats[cmaf]?.hash
    expect(cid && rootFromCid(cid)).toBe(vector.root)
    expect(cid && cidFromRoot(rootFromCid(cid))).toBe(cid)
  })

  it.each<[string, Record<string, Json>]>([
    ['no title', { title: undefined }],
    ['a title too long', { title: 'x'.repeat(201) }],
    ['an owner in capitals', { owner: vector.owner.toUpperCase() }],
    ['a fraction of a second', { duration: 1.5 }],
    ['chunks of no length', { chunksize: 0 }],
    ['no formats', { formats: {} }],
    ['formats that are a list', { formats: [] }],
    ['a format with a bad name', { formats: { 'No Name': fields.formats } }],
    [
      'too many formats',
      { formats: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, {}])) },
    ],
    ['a key that is none', { mailbox: `0x04${'11'.repeat(32)}` }],
  ])('with %s is refused', (_, wrong) => {
    const decoded = decodeVideoDocument(bytesFromUtf8(canonicalText({ ...fields, ...wrong })))
    expect(decoded).toMatchObject({ ok: false, error: { code: 'document-malformed' } })
  })

  it.each<[string, Json]>([
    ['price', '01'],
    ['price', (2n ** 96n).toString()],
    ['price', -1],
    ['fee', (2n ** 64n).toString()],
    ['fee', '-1'],
    ['size', 0],
    ['size', 2 ** 40],
    ['ttl', 2 ** 32],
    ['affiliateBps', 10_001],
    ['hash', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'],
  ])('with the %s %j is refused', (field, wrong) => {
    const formats = fields.formats as Record<string, Record<string, Json>>
    const changed = { ...fields, formats: { cmaf: { ...formats.cmaf, [field]: wrong } } }
    const decoded = decodeVideoDocument(bytesFromUtf8(canonicalText(changed)))
    expect(decoded).toMatchObject({ ok: false, error: { code: 'document-malformed' } })
  })

  it('is at most 16 KiB long', () => {
    expect(decodeVideoDocument(new Uint8Array(maxVideoDocumentBytes + 1))).toMatchObject({
      error: { code: 'message-too-long' },
    })
  })
})

it('a format is its name in ASCII, padded on the right', () => {
  expect(formatWord(cmaf)).toBe(`0x636d6166${'00'.repeat(28)}`)
})
