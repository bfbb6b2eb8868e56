import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, Hash } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import vectors from '../../test/vectors/allotments.json' with { type: 'json' }
import {
  type Allotment,
  buildAllotmentTree,
  buildFurtherTree,
  leafWord,
  maxAllotments,
  nodeWord,
  sumOfWord,
  verifyBranch,
  verifyPayee,
} from './allotment.ts'
import { identityOf } from './signature.ts'

type Leaf = Omit<Allotment, 'key'>
const payee = `0x${'11'.repeat(20)}` as Address
const leafOf = (index: number, cap = 1000): Leaf => ({ index, payee, payout: payee, cap })
const build = (leaves: readonly Leaf[]) => {
  const tree = buildAllotmentTree(leaves)
  if (!tree.ok) throw new Error(tree.error.code)
  return tree.value
}

describe.each(vectors)('the allotments of $name', vector => {
  const leaves = vector.payees.map(
    (each, index): Leaf => ({
      index,
      payee: each as Address,
      payout: vector.payouts[index] as Address,
      cap: Number(vector.caps[index]),
    }),
  )

  it('have the words, commitment and branches of their golden vector', () => {
    expect(leaves.map(leafWord)).toEqual(vector.words)
    const tree = build(leaves)
    expect(tree.commitment).toBe(vector.commitment)
    expect(tree.depth.toString()).toBe(vector.depth)
    expect(tree.branches).toEqual(vector.branches)
  })

  it('promise in total what the commitment says, each by its own branch', () => {
    expect(sumOfWord(vector.commitment as Hash)).toBe(leaves.reduce((sum, leaf) => sum + leaf.cap, 0))
    for (const [i, leaf] of leaves.entries()) {
      expect(verifyBranch(leaf, vector.branches[i] as Hash[], vector.commitment as Hash)).toBe(true)
    }
  })

  it('prove nothing else', () => {
    const [leaf] = leaves
    const branch = vector.branches[0] as Hash[]
    if (leaf === undefined) throw new Error('no leaf')
    const commitment = vector.commitment as Hash
    const other = `0x${'22'.repeat(20)}` as Address
    for (const wrong of [{ cap: leaf.cap + 1 }, { index: 1 }, { payee: other }, { payout: other }]) {
      expect(verifyBranch({ ...leaf, ...wrong }, branch, commitment)).toBe(false)
    }
    expect(verifyBranch({ ...leaf, index: 2 ** branch.length }, branch, commitment)).toBe(false)
    expect(verifyBranch(leaf, [...branch, commitment], commitment)).toBe(false)
    expect(verifyBranch(leaf, branch.slice(1), `0x${'00'.repeat(32)}` as Hash)).toBe(false)
  })
})

describe('an allotment tree', () => {
  it('is made of 1 to 128 leaves whose indices are their places', () => {
    expect(build([leafOf(0)]).depth).toBe(0)
    expect(build(Array.from({ length: maxAllotments }, (_, i) => leafOf(i))).depth).toBe(7)
    for (const leaves of [[], [leafOf(1)], Array.from({ length: maxAllotments + 1 }, (_, i) => leafOf(i))]) {
      expect(buildAllotmentTree(leaves)).toMatchObject({ error: { code: 'document-malformed' } })
    }
  })

  it('has no sum above 40 bits', () => {
    const large = [leafOf(0, 2 ** 40 - 1), leafOf(1, 1)]
    expect(buildAllotmentTree(large)).toMatchObject({ error: { code: 'allotment-exceeds-capacity' } })
    expect(nodeWord(leafWord(leafOf(0, 2 ** 40 - 1)), leafWord(leafOf(1, 1)))).toBeUndefined()
    const branch = [leafWord(leafOf(1, 2 ** 40 - 1)), leafWord(leafOf(1, 1))]
    expect(verifyBranch(leafOf(0), branch, `0x${'00'.repeat(32)}` as Hash)).toBe(false)
  })

  it('takes indices of all 32 bits in a branch', () => {
    const leaf = leafOf(2 ** 32 - 1, 0)
    const zero = `0x${'00'.repeat(32)}` as Hash
    let word: Hash | undefined = leafWord(leaf)
    const branch = Array.from({ length: 32 }, () => zero)
    for (const sibling of branch) word = word && nodeWord(sibling, word)
    expect(word && verifyBranch(leaf, branch, word)).toBe(true)
    expect(verifyBranch(leaf, [...branch, zero], zero)).toBe(false)
  })

  it('names payees by the address of their node key', () => {
    const { publicKey, address } = identityOf(crypto, new Uint8Array(32).fill(1))
    expect(verifyPayee(crypto, { ...leafOf(0), payee: address, key: publicKey })).toBe(true)
    expect(verifyPayee(crypto, { ...leafOf(0), key: publicKey })).toBe(false)
  })
})

describe('a further tree', () => {
  const later = (indices: readonly number[]) => indices.map(index => leafOf(index, 1000 + index))

  it('goes on counting where the trees before it end, and is filled up to their depth', () => {
    const allotments = later([8, 9, 10])
    const { commitment, depth, branches } = orThrow(buildFurtherTree(allotments, { tree: 2, depth: 2 }))
    expect(depth).toBe(2)
    expect(sumOfWord(commitment)).toBe(3027)
    for (const [at, allotment] of allotments.entries()) {
      const branch = branches[at] ?? []
      expect(verifyBranch(allotment, branch, commitment, 2)).toBe(true)
      expect(verifyBranch(allotment, branch, commitment, 1)).toBe(false)
      expect(verifyBranch(allotment, branch, commitment)).toBe(false)
    }
  })

  it.each([
    ['other indices', [4, 6], 1],
    ['indices of the first tree', [0, 1], 1],
    ['more hosts than its depth has room for', [2, 3, 4], 1],
    ['no host', [], 1],
    ['the number of the first', [0, 1], 0],
  ])('is none with %s', (_, indices, tree) => {
    const built = buildFurtherTree(later(indices), { tree, depth: 1 })
    expect(built).toMatchObject({ ok: false, error: { code: 'document-malformed' } })
  })
})
