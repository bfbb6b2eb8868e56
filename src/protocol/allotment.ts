import * as v from 'valibot'
import type { Address, Hash, PublicKey } from '#std/brand.ts'
import { bigintFromBytes, bytesFromBigint, bytesFromHex, bytesFromUint32, concatBytes } from '#std/bytes.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import {
  addressField,
  listField,
  maxUint40,
  publicKeyField,
  type Schema,
  uint32Field,
  uint40Field,
} from './fields.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { addressOf } from './signature.ts'

/** What an order promises one host. */
export type Allotment = {
  /** Position in the tree, from 0; signed in each receipt. */
  readonly index: number
  /** Address of the host's node key. */
  readonly payee: Address
  /** Where the tokens go. */
  readonly payout: Address
  /** Bytes that the host may be paid for. */
  readonly cap: number
  /** The host's node key; its address is `payee`. Not in the tree, which the payee's address suffices for. */
  readonly key: PublicKey
}

/** Payees of one order. 100 hosts settle together; a message carries so many allotments. */
export const maxAllotments = 128

export const allotmentSchema: Schema<Allotment> = v.object({
  index: uint32Field,
  payee: addressField,
  payout: addressField,
  cap: uint40Field,
  key: publicKeyField,
})
export const allotmentsSchema: Schema<readonly Allotment[]> = v.pipe(
  listField(allotmentSchema, maxAllotments),
  v.minLength(1),
)

/** A committed tree: the root word, its depth (0 is one pinned host), and the branch of each leaf, bottom up. */
export type AllotmentTree = {
  readonly commitment: Hash
  readonly depth: number
  readonly branches: readonly (readonly Hash[])[]
}

const sumMask = (1n << 40n) - 1n
const zeroWord = hashFromBytes(new Uint8Array(32))

/** Bytes that a word promises in total: its lowest 40 bits. */
export const sumOfWord = (word: Hash): number => Number(BigInt(word) & sumMask)

/** The word of one payee: `hash 216 | cap 40`. */
export const leafWord = (allotment: Omit<Allotment, 'key'>): Hash =>
  wordOf(
    keccak256(
      concatBytes(
        Uint8Array.of(0x00),
        bytesFromUint32(allotment.index),
        bytesFromHex(allotment.payee),
        bytesFromHex(allotment.payout),
        bytesFromBigint(BigInt(allotment.cap), 5),
      ),
    ),
    allotment.cap,
  )

/** The parent of two words; `undefined` when their sums do not fit 40 bits. */
export const nodeWord = (left: Hash, right: Hash): Hash | undefined => {
  const sum = sumOfWord(left) + sumOfWord(right)
  if (sum > maxUint40) return undefined
  return wordOf(keccak256(concatBytes(Uint8Array.of(0x01), bytesFromHex(left), bytesFromHex(right))), sum)
}

/**
 * Builds the tree over allotments whose indices are 0, 1, 2, … A missing right sibling is the zero word.
 * Fails with `document-malformed` for other indices or none, `allotment-exceeds-capacity` for sums above 40 bits.
 */
export const buildAllotmentTree = (allotments: readonly Omit<Allotment, 'key'>[]): Result<AllotmentTree> => {
  if (
    allotments.length === 0 ||
    allotments.length > maxAllotments ||
    allotments.some((a, i) => a.index !== i)
  ) {
    return failed('document-malformed', { field: 'allotments' })
  }
  const depth = Math.ceil(Math.log2(allotments.length))
  return growTree(allotments, depth)
}

/**
 * Builds a further tree of a purchase whose first has this depth (1 or more), for hosts found later. Trees count from 1;
 * the indices of its allotments are `tree * 2 ** depth`, and on from there. Fails as {@link buildAllotmentTree} does,
 * and with `document-malformed` for more than such a tree holds.
 */
export const buildFurtherTree = (
  allotments: readonly Omit<Allotment, 'key'>[],
  { tree, depth }: { readonly tree: number; readonly depth: number },
): Result<AllotmentTree> => {
  const first = tree * 2 ** depth
  const isFull = allotments.length > Math.min(maxAllotments, 2 ** depth)
  if (tree < 1 || depth < 1 || allotments.length === 0 || isFull)
    return failed('document-malformed', { field: 'allotments' })
  if (allotments.some(({ index }, i) => index !== first + i))
    return failed('document-malformed', { field: 'allotments' })
  return growTree(allotments, depth)
}

const growTree = (allotments: readonly Omit<Allotment, 'key'>[], depth: number): Result<AllotmentTree> => {
  const branches: Hash[][] = allotments.map(() => [])
  let level = allotments.map(leafWord)
  for (let height = 0; height < depth; height++) {
    for (const [i, branch] of branches.entries()) branch.push(level[(i >> height) ^ 1] ?? zeroWord)
    const parents: Hash[] = []
    for (let i = 0; i < level.length; i += 2) {
      const parent = nodeWord(level[i] ?? zeroWord, level[i + 1] ?? zeroWord)
      if (parent === undefined) return failed('allotment-exceeds-capacity')
      parents.push(parent)
    }
    level = parents
  }
  return ok({ commitment: level[0] ?? zeroWord, depth, branches })
}

/**
 * Whether a branch leads from an allotment to a commitment. A payee checks it before it serves: it has then seen
 * that all promises together are at most the sum in the commitment. `tree`: 0 for the order's, 1 and on for further ones.
 */
export const verifyBranch = (
  allotment: Omit<Allotment, 'key'>,
  branch: readonly Hash[],
  commitment: Hash,
  tree = 0,
): boolean => {
  if (branch.length > 32 || Math.floor(allotment.index / 2 ** branch.length) !== tree) return false
  let word: Hash | undefined = leafWord(allotment)
  for (const [height, sibling] of branch.entries()) {
    if (word === undefined) return false
    // Indices may need all 32 bits, where `>>` would take the highest for a sign.
    const isRight = (allotment.index >>> height) & 1
    word = isRight === 1 ? nodeWord(sibling, word) : nodeWord(word, sibling)
  }
  return word === commitment
}

/** Whether the allotment's `payee` is the address of its `key`. */
export const verifyPayee = (crypto: Crypto, allotment: Allotment): boolean =>
  addressOf(crypto, allotment.key) === allotment.payee

const wordOf = (digest: Uint8Array, sum: number): Hash =>
  hashFromBytes(bytesFromBigint((bigintFromBytes(digest) & ~sumMask) | BigInt(sum), 32))
