import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { hashFromBytes, keccak256 } from '#protocol/hash.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Hash } from '#std/brand.ts'
import { bytesFromUtf8 } from '#std/bytes.ts'

/** Secret keys of vectors are the keccak256 of a text and hold nothing. */
export const secretOf = (name: string): Uint8Array => keccak256(bytesFromUtf8(`paratii/vector/${name}`))
export const hashOf = (name: string): Hash => hashFromBytes(secretOf(name))
export const party = (name: string) => ({ secret: secretOf(name), ...identityOf(crypto, secretOf(name)) })
