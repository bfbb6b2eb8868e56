import { HDKey } from '@scure/bip32'

/** The secp256k1 secret key, 32 bytes, that a seed (64 bytes) gives at a BIP-32 path. */
export function deriveKey(seed: Uint8Array, path: string): Uint8Array {
  const key = HDKey.fromMasterSeed(seed).derive(path).privateKey
  // BIP-32 gives a private key wherever it starts from one.
  if (key === null) throw new RangeError(`no key at ${path}`)
  return key
}
