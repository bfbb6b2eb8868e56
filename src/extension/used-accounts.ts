import type { Address } from '#std/brand.ts'

/** So many accounts in a row that were never used end the search, as in other wallets. */
const mostUnused = 5
const mostSearched = 100

/**
 * The accounts of a phrase that were used before, from the second on: the first is there anyway. Rejects with what
 * `isUsed` throws, since an account that could not be asked about is not one that was never used.
 */
export async function findUsedAccounts(
  addressOf: (index: number) => Promise<Address>,
  isUsed: (address: Address) => Promise<boolean>,
): Promise<readonly number[]> {
  const found: number[] = []
  for (let index = 1, unused = 0; unused < mostUnused && index < mostSearched; index++) {
    const used = await isUsed(await addressOf(index))
    unused = used ? 0 : unused + 1
    if (used) found.push(index)
  }
  return found
}
