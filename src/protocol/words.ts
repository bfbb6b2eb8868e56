import type { Address, Hash } from '#std/brand.ts'
import { bigintFromBytes, bytesFromBigint, bytesFromHex } from '#std/bytes.ts'
import { hashFromBytes, keccak256 } from './hash.ts'

/** Solidity types that fill one 32-byte word: all that our signed structs and hashes hold. */
export type WordType = 'address' | 'bytes32' | UintType
export type UintType = 'uint8' | 'uint16' | 'uint32' | 'uint40' | 'uint64' | 'uint96' | 'uint160' | 'uint256'
export type WordValue<T extends WordType> = T extends 'address'
  ? Address
  : T extends 'bytes32'
    ? Hash
    : number | bigint

const wordLength = 32

/**
 * `abi.encode` of values that are one word each (EIP-712's encodeData is the same for such fields).
 * Throws RangeError for a value out of its type's range: parsers have checked what came from outside.
 */
export const encodeWords = (
  words: readonly (readonly [WordType, Hash | Address | number | bigint])[],
): Uint8Array => {
  const encoded = new Uint8Array(words.length * wordLength)
  words.forEach(([type, value], i) => {
    encoded.set(encodeWord(type, value), i * wordLength)
  })
  return encoded
}

/** keccak256 of {@link encodeWords}. */
export const hashWords = (words: readonly (readonly [WordType, Hash | Address | number | bigint])[]): Hash =>
  hashFromBytes(keccak256(encodeWords(words)))

const encodeWord = (type: WordType, value: Hash | Address | number | bigint): Uint8Array => {
  if (type === 'address' || type === 'bytes32') {
    if (typeof value !== 'string') throw new RangeError(`${type} is not hex`)
    const bytes = bytesFromHex(value)
    if (bytes.length !== (type === 'address' ? 20 : wordLength)) throw new RangeError(`not ${type}`)
    return bytesFromBigint(bigintFromBytes(bytes), wordLength)
  }
  const number = BigInt(value)
  if (number < 0n || number >> BigInt(type.slice(4)) !== 0n) throw new RangeError(`does not fit ${type}`)
  return bytesFromBigint(number, wordLength)
}
