import type { Allotment } from '#protocol/allotment.ts'
import { type Deal, hashDeal } from '#protocol/purchase-nonce.ts'
import type { Receipt } from '#protocol/receipt.ts'
import { formatWord, type Terms } from '#protocol/terms.ts'
import type { Address, Hash, Signature } from '#std/brand.ts'

/** A receipt and what the contract must be shown to pay it. */
export type Claim = {
  readonly deal: Deal
  readonly signer: Address
  /** Of the purchase; its name needs it when there are several hosts. */
  readonly buyer: Address
  /** The root word of the order. */
  readonly allotments: Hash
  readonly allotment: Omit<Allotment, 'key'>
  /** Siblings from the leaf up; empty for a pinned host. */
  readonly branch: readonly Hash[]
  readonly receipt: Pick<Receipt, 'bytes' | 'hash' | 'buyer_signature'>
}

/** Arguments of VideoStore.settle, as ethers encodes them. */
export type Settlement = readonly [
  payees: readonly { readonly key: Address; readonly payout: Address }[],
  deals: readonly DealArgument[],
  pinned: readonly {
    readonly deal: number
    readonly payee: number
    readonly cap: number
    readonly receipts: unknown[]
  }[],
  trees: readonly {
    readonly deal: number
    readonly signer: Address
    readonly buyer: Address
    readonly allotments: Hash
    readonly receipts: unknown[]
  }[],
]

type DealArgument = {
  readonly terms: Omit<Terms, 'format'> & { readonly format: Hash }
  readonly capacity: number
  readonly depth: number
  readonly affiliate: Address
}

/** Indices into the tables of a settlement have 16 bits; gas ends a batch long before. */
export const maxClaims = 500

/** A deal as the contract takes it. */
export const dealArgument = (deal: Deal): DealArgument => ({
  terms: { ...deal.terms, format: formatWord(deal.terms.format) },
  capacity: deal.capacity,
  depth: deal.depth,
  affiliate: deal.affiliate,
})

/** An EIP-2098 signature as the contract takes it. */
export const signatureArgument = (signature: Signature): { r: string; vs: string } => ({
  r: signature.slice(0, 66),
  vs: `0x${signature.slice(66)}`,
})

/**
 * Packs claims so that what they share is said once: payees, deals (those of one owner side by side), pinned receipts
 * by deal, payee and cap, the others by purchase. At most {@link maxClaims}, of which no two are of one host and
 * purchase (the larger would do).
 */
export const packSettlement = (claims: readonly Claim[]): Settlement => {
  if (claims.length > maxClaims) throw new RangeError('too many claims for one batch')
  const sorted = claims.toSorted((a, b) => a.deal.terms.owner.localeCompare(b.deal.terms.owner))
  const payees = createTable<Settlement[0][number]>()
  const deals = createTable<DealArgument>()
  const pinned = createTable<Settlement[2][number]>()
  const trees = createTable<Settlement[3][number]>()
  for (const { deal, signer, buyer, allotments, allotment, branch, receipt } of sorted) {
    const { index: leaf, payee: key, payout, cap } = allotment
    const payeeIndex = payees.add(`${key}${payout}`, () => ({ key, payout }))
    const dealIndex = deals.add(hashDeal(deal), () => dealArgument(deal))
    const signed = { hash: receipt.hash, signature: signatureArgument(receipt.buyer_signature) }
    if (deal.depth === 0) {
      const group = pinned.add(`${dealIndex} ${payeeIndex} ${cap}`, () => ({
        deal: dealIndex,
        payee: payeeIndex,
        cap,
        receipts: [],
      }))
      const signerAndBytes = (BigInt(signer) << 96n) | BigInt(receipt.bytes)
      pinned.rows[group]?.receipts.push({ signerAndBytes, ...signed })
    } else {
      const group = trees.add(`${dealIndex} ${signer} ${buyer} ${allotments}`, () => ({
        deal: dealIndex,
        signer,
        buyer,
        allotments,
        receipts: [],
      }))
      trees.rows[group]?.receipts.push({
        payee: payeeIndex,
        leaf,
        cap,
        byteCount: receipt.bytes,
        ...signed,
        siblings: branch,
      })
    }
  }
  return [payees.rows, deals.rows, pinned.rows, trees.rows]
}

/** Rows without repetition, each with its index. */
const createTable = <T>() => {
  const indices = new Map<string, number>()
  const rows: T[] = []
  return {
    rows,
    add(key: string, make: () => T): number {
      const known = indices.get(key)
      if (known !== undefined) return known
      indices.set(key, rows.length)
      return rows.push(make()) - 1
    },
  }
}
