import {
  AbiCoder,
  Signature as EthersSignature,
  keccak256,
  recoverAddress,
  TypedDataEncoder,
  Wallet,
} from 'ethers'
import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, FormatName, Hash, Hex, Signature, VideoId } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/order.json' with { type: 'json' }
import {
  authorizationMessage,
  authorizationStruct,
  digestNodeKey,
  digestOrder,
  digestWallet,
  escrowWei,
  nodeKeyStruct,
  type OrderDraft,
  orderMessage,
  orderStruct,
  signNodeKey,
  totalWei,
} from './order.ts'
import { hashDeal, purchaseNonceOf } from './purchase-nonce.ts'
import { digestRequestClose, recoverRequestClose, signRequestClose } from './request-close.ts'
import { signCompact } from './signature.ts'
import { hashTerms } from './terms.ts'
import { describeTypedData, paratiiDomain } from './typed-data.ts'

type Vector = (typeof vectors)[number]

const draftOf = (vector: Vector): OrderDraft => {
  const format = 'cmaf' as FormatName
  return {
    id: vector.id as VideoId,
    format,
    buyer: vector.buyer as Address,
    terms: {
      id: vector.id as VideoId,
      format,
      root: vector.root as Hash,
      price: BigInt(vector.price),
      fee: BigInt(vector.fee),
      ttl: Number(vector.ttl),
      size: Number(vector.size),
      owner: vector.owner as Address,
      affiliateBps: Number(vector.affiliateBps),
      avatarBps: Number(vector.avatarBps),
    },
    capacity: Number(vector.capacity),
    allotments: vector.allotments as Hash,
    depth: Number(vector.depth),
    leaves: [],
    affiliate: vector.affiliate as Address,
    relayFee: BigInt(vector.relayFee),
    validUntil: Number(vector.validUntil),
    salt: vector.salt as Hash,
    chainId: Number(vector.chainId),
    store: vector.store as Address,
    payment: vector.payment === 'allowance' ? 'allowance' : 'authorization',
  }
}

const typesOf = (struct: { name: string; fields: Readonly<Record<string, string>> }) => ({
  [struct.name]: Object.entries(struct.fields).map(([name, type]) => ({ name, type })),
})

describe.each(vectors)('the order of $name', vector => {
  const draft = draftOf(vector)
  const domain = paratiiDomain(draft.chainId, draft.store)
  const nodeSignature = vector.IPFS_signature as Signature
  const token = vector.token as Address

  it('has the digests and signatures of its golden vector', () => {
    expect(hashTerms(draft.terms)).toBe(vector.terms)
    expect(hexFromBytes(digestNodeKey(draft))).toBe(vector.nodeKeyDigest)
    expect(signNodeKey(crypto, draft, bytesFromHex(vector.nodeSecret as Hex))).toBe(nodeSignature)
    expect(hexFromBytes(digestOrder(draft, nodeSignature))).toBe(vector.orderDigest)
    expect(escrowWei(draft).toString()).toBe(vector.escrow)
    expect(totalWei(draft).toString()).toBe(vector.authorizationValue)
    const walletDigest = digestWallet(draft, nodeSignature, token)
    expect(signCompact(crypto, walletDigest, bytesFromHex(vector.buyerSecret as Hex))).toBe(
      vector.wallet_signature,
    )
    expect(hashDeal(draft)).toBe(vector.deal)
    expect(purchaseNonceOf(draft, { ...draft, signer: vector.signer as Address })).toBe(vector.nonce)
  })

  it('is hashed as ethers hashes it', () => {
    const message = orderMessage(draft, nodeSignature)
    expect(TypedDataEncoder.hash(domain, typesOf(orderStruct), message)).toBe(vector.orderDigest)
    expect(
      TypedDataEncoder.hash(domain, typesOf(nodeKeyStruct), {
        id: draft.id,
        format: vector.format,
        wallet: draft.buyer,
        salt: draft.salt,
      }),
    ).toBe(vector.nodeKeyDigest)
    expect(
      TypedDataEncoder.hash(
        { ...domain, verifyingContract: token },
        typesOf(authorizationStruct),
        authorizationMessage(draft, nodeSignature),
      ),
    ).toBe(vector.authorizationDigest)
    expect(keccak256(nodeSignature)).toBe(vector.nodeSignature)
  })

  it('has terms, deal and nonce as abi.encode gives them', () => {
    const abi = AbiCoder.defaultAbiCoder()
    const { terms } = draft
    const types = [
      'bytes32',
      'bytes32',
      'bytes32',
      'uint96',
      'uint64',
      'uint32',
      'uint40',
      'address',
      'uint16',
      'uint16',
    ]
    const values = [
      terms.id,
      vector.format,
      terms.root,
      terms.price,
      terms.fee,
      terms.ttl,
      terms.size,
      terms.owner,
    ]
    const shares = [terms.affiliateBps, terms.avatarBps]
    expect(keccak256(abi.encode(types, [...values, ...shares]))).toBe(vector.terms)
    const dealTypes = ['bytes32', 'uint40', 'uint8', 'address']
    const deal = keccak256(
      abi.encode(dealTypes, [vector.terms, draft.capacity, draft.depth, draft.affiliate]),
    )
    expect(deal).toBe(vector.deal)
    const nonceTypes = ['bytes32', 'address', 'bytes32', ...(draft.depth > 0 ? ['address'] : [])]
    const nonceValues = [deal, vector.signer, draft.allotments, ...(draft.depth > 0 ? [draft.buyer] : [])]
    expect(keccak256(abi.encode(nonceTypes, nonceValues))).toBe(vector.nonce)
  })

  it('carries signatures that ethers recovers', () => {
    const recover = (digest: string, signature: string) =>
      recoverAddress(digest, EthersSignature.from(signature)).toLowerCase()
    expect(recover(vector.nodeKeyDigest, vector.IPFS_signature)).toBe(vector.signer)
    const digest = vector.payment === 'allowance' ? vector.orderDigest : vector.authorizationDigest
    expect(recover(digest, vector.wallet_signature)).toBe(vector.buyer)
    expect(recover(vector.requestCloseDigest, vector.requestCloseSignature)).toBe(vector.signer)
  })

  it('is signed alike by a wallet that is handed its description', async () => {
    const request = describeTypedData(domain, orderStruct, orderMessage(draft, nodeSignature))
    const { EIP712Domain: _, ...types } = request.types
    const wallet = new Wallet(vector.buyerSecret)
    const mutable = Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]]))
    const signature = await wallet.signTypedData(request.domain, mutable, request.message)
    expect(EthersSignature.from(signature).compactSerialized).toBe(
      signCompact(crypto, bytesFromHex(vector.orderDigest as Hex), bytesFromHex(vector.buyerSecret as Hex)),
    )
  })

  it('is closed by a request that names its signer', () => {
    const nonce = purchaseNonceOf(draft, { ...draft, signer: vector.signer as Address })
    const close = signRequestClose(crypto, domain, nonce, bytesFromHex(vector.nodeSecret as Hex))
    expect(hexFromBytes(digestRequestClose(domain, nonce))).toBe(vector.requestCloseDigest)
    expect(close).toEqual({ nonce, signature: vector.requestCloseSignature })
    expect(recoverRequestClose(crypto, domain, close)).toBe(vector.signer)
  })
})
