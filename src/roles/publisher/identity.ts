import { identityOf } from '#protocol/signature.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { PublisherIdentity } from './ports.ts'

/** Who a publisher is, by its two keys. */
export const identifyPublisher = (
  crypto: Crypto,
  walletKey: Uint8Array,
  nodeKey: Uint8Array,
): PublisherIdentity => {
  const wallet = identityOf(crypto, walletKey)
  return { owner: wallet.address, mailbox: wallet.publicKey, node: identityOf(crypto, nodeKey).publicKey }
}
