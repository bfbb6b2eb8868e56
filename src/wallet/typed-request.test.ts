import { TypedDataEncoder } from 'ethers'
import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { draftOrder } from '#payments/purchase.ts'
import { authorizationStruct, nodeKeyStruct, orderStruct } from '#protocol/order.ts'
import { identityOf } from '#protocol/signature.ts'
import { describeTypedData, paratiiDomain, type TypedRequest } from '#protocol/typed-data.ts'
import type { Address, FormatName, Hash, VideoId } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import { couldMoveMoney } from './call-meaning.ts'
import { readTypedRequest } from './typed-request.ts'

const person = [
  { name: 'name', type: 'string' },
  { name: 'wallets', type: 'address[]' },
]
const mail = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'chainId', type: 'uint256' },
    ],
    Person: person,
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain: { name: 'Ether Mail', chainId: 1 },
  message: {
    from: { name: 'Cow', wallets: [`0x${'11'.repeat(20)}`] },
    contents: 'Hello',
    hidden: 'is not signed, and so not shown',
  },
}

describe('typed data that a site wants signed', () => {
  it('is read into every value that is signed, and the digest that every wallet signs', () => {
    const { EIP712Domain: _, ...types } = mail.types
    expect(orThrow(readTypedRequest(JSON.stringify(mail)))).toEqual({
      primaryType: 'Mail',
      domain: { name: 'Ether Mail', chainId: 1, verifyingContract: undefined },
      fields: [
        { path: 'from.name', value: 'Cow' },
        { path: 'from.wallets[0]', value: `0x${'11'.repeat(20)}` },
        { path: 'contents', value: 'Hello' },
      ],
      digest: TypedDataEncoder.hash(mail.domain, types, mail.message),
    })
  })

  it.each([
    ['no object', 7],
    ['no JSON', '{'],
    ['a value that is missing', { ...mail, message: {} }],
    ['a type that is missing', { ...mail, types: { ...mail.types, Person: undefined } }],
    ['another primary type than the types have', { ...mail, primaryType: 'Person' }],
    ['other domain fields than are listed', { ...mail, domain: { ...mail.domain, version: '1' } }],
    ['a field that no domain has', { ...mail, domain: { ...mail.domain, extra: 1 } }],
    ['a number that does not fit', { ...mail, domain: { name: 'x', chainId: -1 } }],
    ['a type without end', { ...mail, types: { ...mail.types, Person: [{ name: 'x', type: 'Mail' }] } }],
  ])('is refused with %s', (_, asked) => {
    expect(readTypedRequest(asked)).toMatchObject({ ok: false, error: { code: 'request-malformed' } })
  })

  const [store, token] = [`0x${'ee'.repeat(20)}`, `0x${'ff'.repeat(20)}`] as Address[]
  const key = new Uint8Array(32).fill(7)
  const zero = `0x${'00'.repeat(32)}` as Hash
  const host = identityOf(crypto, key)
  const order = orThrow(
    draftOrder(crypto, {
      terms: {
        id: zero as string as VideoId,
        format: 'cmaf' as FormatName,
        root: zero,
        price: 1n,
        fee: 1n,
        ttl: 3600,
        size: 20,
        owner: host.address,
        affiliateBps: 0,
        avatarBps: 0,
      },
      hosts: [{ key: host.publicKey, payout: host.address }],
      capacity: 25,
      buyer: host.address,
      salt: zero,
      relayFee: 0n,
      validUntil: 1,
      affiliate: host.address,
      chainId: 1,
      store: store as Address,
      payment: 'authorization',
    }),
  )
  const documents: readonly [string, TypedRequest][] = [
    [
      'the key of a purchase',
      describeTypedData(paratiiDomain(1, store as Address), nodeKeyStruct, {
        id: order.id,
        format: zero,
        wallet: order.buyer,
        salt: order.salt,
      } as never),
    ],
    [
      'an order',
      describeTypedData(paratiiDomain(1, store as Address), orderStruct, {
        buyer: order.buyer,
        id: order.id,
        format: zero,
        terms: zero,
        nodeSignature: zero,
        capacity: 1,
        allotments: zero,
        depth: 0,
        affiliate: order.buyer,
        relayFee: 0n,
        validUntil: 1,
        salt: zero,
      } as never),
    ],
    [
      'the payment of one',
      describeTypedData(paratiiDomain(1, token as Address), authorizationStruct, {
        from: order.buyer,
        to: store,
        value: 1n,
        validAfter: 0,
        validBefore: 1,
        nonce: zero,
      } as never),
    ],
  ]
  it.each(documents)('is never %s, which is Paratii’s own', (_, request) => {
    expect(readTypedRequest(request)).toMatchObject({ ok: false, error: { code: 'not-permitted' } })
    const disguised = { ...request, domain: { ...request.domain, name: ' PARATII ' } }
    expect(readTypedRequest(disguised)).toMatchObject({ ok: false, error: { code: 'not-permitted' } })
  })

  it('is marked where a contract could move money by it', () => {
    const permit = {
      types: {
        Permit: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
        ],
      },
      primaryType: 'Permit',
      domain: { name: 'Some Token', verifyingContract: token },
      message: { owner: store, spender: token, value: '1' },
    }
    expect(couldMoveMoney(orThrow(readTypedRequest(permit)))).toBe(true)
    expect(couldMoveMoney(orThrow(readTypedRequest(mail)))).toBe(false)
  })
})
