import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Address, Hash } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { buildAllotmentTree, sumOfWord, verifyBranch } from './allotment.ts'

const runs = Number(process.env.FC_NUM_RUNS ?? 200)
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(bytes => hexFromBytes(bytes) as Address)
const leaves = fc
  .array(fc.record({ payee: address, payout: address, cap: fc.nat(2 ** 32) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map(list => list.map((leaf, index) => ({ index, ...leaf })))

const treeOf = (list: Parameters<typeof buildAllotmentTree>[0]) => {
  const tree = buildAllotmentTree(list)
  if (!tree.ok) throw new Error(tree.error.code)
  return tree.value
}

it('every leaf is proven by its branch, and the commitment tells the sum of all', () => {
  fc.assert(
    fc.property(leaves, list => {
      const { commitment, depth, branches } = treeOf(list)
      expect(depth).toBe(Math.ceil(Math.log2(list.length)))
      expect(sumOfWord(commitment)).toBe(list.reduce((sum, leaf) => sum + leaf.cap, 0))
      for (const [i, leaf] of list.entries())
        expect(verifyBranch(leaf, branches[i] ?? [], commitment)).toBe(true)
    }),
    { numRuns: runs },
  )
})

it('no leaf is proven by a branch that is not its own, nor with a bit of it changed', () => {
  fc.assert(
    fc.property(leaves, fc.nat(), fc.nat(), fc.nat(255), (list, which, where, bit) => {
      const { commitment, branches } = treeOf(list)
      const leaf = list[which % list.length]
      const branch = [...(branches[which % list.length] ?? [])]
      if (leaf === undefined) return
      const changedCap = { ...leaf, cap: leaf.cap + 1 }
      expect(verifyBranch(changedCap, branch, commitment)).toBe(false)
      if (branch.length === 0) return
      const at = where % branch.length
      const flipped = (BigInt(branch[at] ?? 0) ^ (1n << BigInt(bit))).toString(16).padStart(64, '0')
      branch[at] = `0x${flipped}` as Hash
      expect(verifyBranch(leaf, branch, commitment)).toBe(false)
    }),
    { numRuns: runs },
  )
})
