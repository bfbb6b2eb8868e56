import type { Address, Hash } from '#std/brand.ts'
import { hashWords } from './words.ts'

/** BIP-32 path of the i-th wallet key (BIP-44, Ethereum). */
export const walletKeyPath = (index: number): string => `m/44'/60'/0'/0/${index}`

/** BIP-32 path of a daemon's node key. */
export const daemonNodeKeyPath = "m/44'/60'/0'/7001'/0'/0'"

/**
 * BIP-32 path of the node key of one purchase: a and b are the first two 31-bit numbers of
 * keccak256(abi.encode(chainId, buyer, salt)). The salt is on the chain, so the key is found again from the phrase.
 */
export const purchaseNodeKeyPath = (chainId: number, buyer: Address, salt: Hash): string => {
  const number = BigInt(
    hashWords([
      ['uint256', chainId],
      ['address', buyer],
      ['bytes32', salt],
    ]),
  )
  const a = number >> 225n
  const b = (number >> 194n) & 0x7fff_ffffn
  return `m/44'/60'/0'/7001'/${a}'/${b}'`
}
