import { describe, expect, it } from 'vitest'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, Cid, Hash, Hex, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/receipt.json' with { type: 'json' }
import {
  digestReceipt,
  extendDigest,
  firstDigest,
  type ReceiptDraft,
  signReceipt,
  signSentReceipt,
  verifyReceipt,
  verifySentReceipt,
} from './receipt.ts'
import { paratiiDomain } from './typed-data.ts'

describe.each(vectors)('the receipt of $name', vector => {
  const store = paratiiDomain(Number(vector.chainId), vector.store as Address)
  const nonce = vector.purchase as PurchaseNonce
  const draft: ReceiptDraft = {
    nonce,
    owner: vector.owner as PublicKey,
    leaf: Number(vector.leaf),
    bytes: Number(vector.bytes),
    hash: vector.hash as Hash,
    key: vector.key as PublicKey,
  }
  const signer = vector.signer as Address
  const expected = { store, nonce, signer, owner: draft.owner, leaf: draft.leaf, key: draft.key }
  const receipt = { ...draft, buyer_signature: vector.buyer_signature as Signature }
  const sent = {
    ...receipt,
    payout: vector.payout as Address,
    sender_signature: vector.sender_signature as Signature,
  }

  it('has the digests and signatures of its golden vector', () => {
    expect(extendDigest(firstDigest(nonce), vector.blocks as Cid[])).toBe(vector.hash)
    expect(hexFromBytes(digestReceipt(store, draft))).toBe(vector.digest)
    expect(signReceipt(crypto, store, draft, bytesFromHex(vector.signerSecret as Hex))).toEqual(receipt)
    const hostSecret = bytesFromHex(vector.hostSecret as Hex)
    expect(signSentReceipt(crypto, receipt, vector.payout as Address, hostSecret)).toEqual(sent)
  })

  it.each([
    ['noble', crypto],
    ['libsecp256k1', cryptoNative],
  ])('is verified by %s', (_, adapter) => {
    expect(verifyReceipt(adapter, receipt, expected)).toMatchObject({ ok: true })
    expect(verifySentReceipt(adapter, sent, expected)).toMatchObject({ ok: true })
  })

  it('counts for this purchase and host only', () => {
    const code = 'receipt-mismatch'
    const other = {
      nonce: vector.hash as PurchaseNonce,
      owner: draft.key,
      leaf: draft.leaf - 1,
      key: draft.owner,
    }
    for (const field of ['nonce', 'owner', 'leaf', 'key'] as const) {
      const wrong = { ...expected, [field]: other[field] === expected[field] ? vector.digest : other[field] }
      expect(verifyReceipt(crypto, receipt, wrong)).toMatchObject({ error: { code, details: { field } } })
    }
  })

  it('is signed over each of its fields, by the signer, for this chain and contract', () => {
    const code = 'signature-invalid'
    for (const wrong of [{ bytes: 7 }, { hash: vector.digest as Hash }]) {
      expect(verifyReceipt(crypto, { ...receipt, ...wrong }, expected)).toMatchObject({ error: { code } })
    }
    for (const wrong of [
      { signer: vector.payout as Address },
      { store: paratiiDomain(1, vector.store as Address) },
      { store: paratiiDomain(Number(vector.chainId), signer) },
    ]) {
      expect(verifyReceipt(crypto, receipt, { ...expected, ...wrong })).toMatchObject({ error: { code } })
    }
  })

  it('is sent on under the signature of the host, its payout among it', () => {
    const wrong = { ...sent, payout: signer }
    expect(verifySentReceipt(crypto, wrong, expected)).toMatchObject({
      error: { code: 'signature-invalid', details: { field: 'sender_signature' } },
    })
    const unsigned = { ...sent, buyer_signature: vector.sender_signature as Signature }
    expect(verifySentReceipt(crypto, unsigned, expected)).toMatchObject({
      error: { code: 'signature-invalid' },
    })
  })
})
