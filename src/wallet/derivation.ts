import { HDKey } from '@scure/bip32'
import { hashWords } from '#protocol/words.ts'
import type { Address, Hash } from '#std/brand.ts'

/** The account with this index, as every Ethereum wallet derives it (BIP-44). */
export const accountPath = (index: number): string => `m/44'/60'/0'/0/${index}`

/**
 * Where the node key of a purchase lies: `m/44'/60'/0'/7001'/a'/b'`, a and b the first two 31-bit numbers of
 * keccak256(abi.encode(chainId, buyer, salt)). Whoever has the phrase finds it again from what is on chain.
 */
export function purchasePath(chainId: number, buyer: Address, salt: Hash): string {
  const bits = BigInt(
    hashWords([
      ['uint256', chainId],
      ['address', buyer],
      ['bytes32', salt],
    ]),
  )
  const first = bits >> 225n
  const second = (bits >> 194n) & 0x7fff_ffffn
  return `m/44'/60'/0'/7001'/${first}'/${second}'`
}

/** The secp256k1 secret key, 32 bytes, that a seed gives at a path. */
export function deriveKey(seed: Uint8Array, path: string): Uint8Array {
  const key = HDKey.fromMasterSeed(seed).derive(path).privateKey
  // BIP-32 gives a private key wherever it starts from one.
  if (key === null) throw new RangeError(`no key at ${path}`)
  return key
}
