import { AbiCoder, keccak256, TypedDataEncoder } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address, Hash, Hex } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { digestTypedData, paratiiDomain } from './typed-data.ts'
import { encodeWords, hashWords, type WordType } from './words.ts'

const hex = <T extends Hex>(length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => hexFromBytes(bytes) as T)
const uints = ['uint8', 'uint16', 'uint32', 'uint40', 'uint64', 'uint96', 'uint256'] as const
const word: fc.Arbitrary<readonly [WordType, Hash | Address | bigint]> = fc.oneof(
  hex<Hash>(32).map(value => ['bytes32', value] as const),
  hex<Address>(20).map(value => ['address', value] as const),
  fc
    .constantFrom(...uints)
    .chain(type =>
      fc.bigInt({ min: 0n, max: 2n ** BigInt(type.slice(4)) - 1n }).map(value => [type, value] as const),
    ),
)
const words = fc.array(word, { minLength: 1, maxLength: 12 })

describe('words', () => {
  it('are encoded as abi.encode encodes them', () => {
    fc.assert(
      fc.property(words, list => {
        const encoded = AbiCoder.defaultAbiCoder().encode(
          list.map(([type]) => type),
          list.map(([, value]) => value),
        )
        expect(hexFromBytes(encodeWords(list))).toBe(encoded)
        expect(hashWords(list)).toBe(keccak256(encoded))
      }),
    )
  })

  it('make typed data as EIP-712 has it', () => {
    fc.assert(
      fc.property(words, fc.nat(), hex<Address>(20), (list, chainId, store) => {
        const fields = Object.fromEntries(list.map(([type], i) => [`f${i}`, type]))
        const message = Object.fromEntries(list.map(([, value], i) => [`f${i}`, value]))
        const domain = paratiiDomain(chainId, store)
        const types = { Thing: Object.entries(fields).map(([name, type]) => ({ name, type })) }
        const digest = digestTypedData(domain, { name: 'Thing', fields }, message)
        expect(hexFromBytes(digest)).toBe(TypedDataEncoder.hash(domain, types, message))
      }),
    )
  })

  it.each<[WordType, string | number | bigint]>([
    ['uint8', 256],
    ['uint40', 2 ** 40],
    ['uint96', 2n ** 96n],
    ['uint32', -1],
    ['uint32', 1.5],
    ['address', `0x${'11'.repeat(32)}`],
    ['bytes32', `0x${'11'.repeat(31)}`],
    ['bytes32', 5],
    ['bytes32', 'text'],
  ])('of type %s do not hold %s', (type, value) => {
    expect(() => encodeWords([[type, value as Hash]])).toThrow(RangeError)
  })

  it('are all there in what is signed', () => {
    const struct = { name: 'Thing', fields: { a: 'uint8', b: 'uint8' } } as const
    const domain = paratiiDomain(1, `0x${'11'.repeat(20)}` as Address)
    const half: Partial<Record<'a' | 'b', number>> = { a: 1 }
    expect(() => digestTypedData(domain, struct, half as { a: number; b: number })).toThrow(RangeError)
  })
})
