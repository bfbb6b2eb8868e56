import type { Address, Hash, PurchaseNonce } from '#std/brand.ts'
import { hashTerms, type Terms } from './terms.ts'
import { hashWords } from './words.ts'

/** What a purchase fixes besides its parties and its allotments. */
export type Deal = {
  readonly terms: Terms
  readonly capacity: number
  readonly depth: number
  readonly affiliate: Address
}

/** keccak256(abi.encode(terms hash, capacity, depth, affiliate)). */
export const hashDeal = (deal: Deal): Hash =>
  hashWords([
    ['bytes32', hashTerms(deal.terms)],
    ['uint40', deal.capacity],
    ['uint8', deal.depth],
    ['address', deal.affiliate],
  ])

/**
 * The name of a purchase, and the key of its slot in VideoStore. At depth 0 the slot itself names the buyer;
 * deeper, where lanes fill it, the name does.
 */
export const purchaseNonceOf = (
  deal: Deal,
  parties: { readonly signer: Address; readonly allotments: Hash; readonly buyer: Address },
): PurchaseNonce => {
  const words = [
    ['bytes32', hashDeal(deal)],
    ['address', parties.signer],
    ['bytes32', parties.allotments],
  ] as const
  const nonce = deal.depth === 0 ? hashWords(words) : hashWords([...words, ['address', parties.buyer]])
  return nonce as Hash as PurchaseNonce
}
