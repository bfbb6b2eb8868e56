import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, Hash, Hex, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { bytesFromHex } from '#std/bytes.ts'
import vectors from '../../test/vectors/exchange.json' with { type: 'json' }
import messages from '../../test/vectors/message.json' with { type: 'json' }
import { cidFromDigest } from './cid.ts'
import {
  decodeFromHost,
  decodeFromViewer,
  encodeExchange,
  maxExchangeBytes,
  maxPaymentBlocks,
  signInitProof,
  verifyInitProof,
} from './exchange.ts'
import { decodeMessage } from './message.ts'

const bodyOf = (type: 'order' | 'receipt') => {
  const text = messages.find(message => message.type === type)?.json ?? ''
  const decoded = decodeMessage(new TextEncoder().encode(text))
  if (!decoded.ok || !('body' in decoded.value)) throw new Error('no such message')
  return decoded.value
}
const order = bodyOf('order')
const receipt = bodyOf('receipt')
if (order.type !== 'order' || receipt.type !== 'receipt') throw new Error('other messages')
const { payout: _, sender_signature: __, ...buyerReceipt } = receipt.body
const [vector] = vectors
if (vector === undefined) throw new Error('no vector')
const init = { nonce: vector.nonce as Hash, key: vector.key as PublicKey }
const proof = vector.proof as Signature

describe('the words of an exchange', () => {
  const blocks = Array.from({ length: maxPaymentBlocks }, (_, i) =>
    cidFromDigest('raw', new Uint8Array(32).fill(i % 256)),
  )

  it.each([
    ['init', init],
    [
      'initack',
      { fee: 10n ** 9n, credit: 1_048_576, receipt: buyerReceipt, http: '/ip4/127.0.0.1/tcp/1/http' },
    ],
    ['initack', { fee: 0n, credit: 1_048_576, http: '/ip4/127.0.0.1/tcp/1/http' }],
    ['paymentack', { bytes: 5, credit: 6 }],
    ['reqpayment', { outstanding: 7 }],
    ['bye', { code: 'purchase-ended' }],
  ])('of a host are read as written: %s', (cmd, body) => {
    expect(decodeFromHost(cmd, encodeExchange(body))).toEqual({ ok: true, value: { cmd, body } })
  })

  it.each([
    ['init', { order: order.body, leaf: 3, proof }],
    ['payment', { receipt: buyerReceipt, blocks }],
    ['bye', { code: 'aborted' }],
  ])('of a viewer are read as written: %s', (cmd, body) => {
    expect(decodeFromViewer(cmd, encodeExchange(body))).toEqual({ ok: true, value: { cmd, body } })
  })

  it.each(['inventory', 'toString', '__proto__', ''])('are skipped when nobody here knows them: %j', cmd => {
    expect(decodeFromHost(cmd, new Uint8Array())).toEqual({ ok: true, value: undefined })
    expect(decodeFromViewer(cmd, new Uint8Array())).toEqual({ ok: true, value: undefined })
  })

  it('are Malformed with a field missing, or a list too long', () => {
    const malformed = { ok: false, error: { code: 'message-malformed' } }
    expect(decodeFromHost('paymentack', encodeExchange({ outstanding: 5 }))).toMatchObject(malformed)
    const most = { receipt: buyerReceipt, blocks: [...blocks, ...blocks.slice(0, 1)] }
    expect(decodeFromViewer('payment', encodeExchange(most))).toMatchObject(malformed)
    expect(decodeFromViewer('payment', new Uint8Array(maxExchangeBytes + 1))).toMatchObject({
      error: { code: 'message-too-long' },
    })
  })
})

describe('the proof of a purchase key', () => {
  const purchase = vector.purchase as PurchaseNonce
  const signer = vector.signer as Address

  it('is made as in its golden vector, and names its key', () => {
    expect(signInitProof(crypto, init, purchase, bytesFromHex(vector.nodeSecret as Hex))).toBe(proof)
    expect(verifyInitProof(crypto, init, purchase, proof, signer).ok).toBe(true)
  })

  it('convinces no other host, never again, for no other purchase and no other signer', () => {
    const code = 'signature-invalid'
    const other = vector.purchase as Hash
    for (const [host, bought, by] of [
      [{ ...init, nonce: other }, purchase, signer],
      [{ ...init, key: `0x02${vector.key.slice(4)}` as PublicKey, nonce: other }, purchase, signer],
      [init, init.nonce as Hash as PurchaseNonce, signer],
      [init, purchase, `0x${'11'.repeat(20)}` as Address],
    ] as const) {
      expect(verifyInitProof(crypto, host, bought, proof, by)).toMatchObject({ error: { code } })
    }
  })
})
