import { HDNodeWallet } from 'ethers'
import { cryptoNative as crypto } from '#adapters/crypto-native.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import type { Claim } from '#chain/settlement.ts'
import { type ChainWriter, createChainWriter } from '#chain/writer.ts'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import { buildAllotmentTree } from '#protocol/allotment.ts'
import { nameOrder } from '#protocol/check-order.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { hashFromBytes, keccak256 } from '#protocol/hash.ts'
import { digestWallet, type Order, type OrderDraft, signNodeKey } from '#protocol/order.ts'
import { digestReceipt } from '#protocol/receipt.ts'
import { identityOf, signCompact } from '#protocol/signature.ts'
import type { Terms } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { VideoDocument } from '#protocol/video-document.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, FormatName, Hash } from '#std/brand.ts'
import { bytesFromUtf8, hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'

/** A key, its identity, and what it may do on the chain. */
export type Actor = ReturnType<typeof actorOf>

/** A secret key that follows from a name, so that runs are alike. */
export const actorOf = (name: string) => {
  const secretKey = keccak256(bytesFromUtf8(name))
  return { secretKey, ...identityOf(crypto, secretKey) }
}

export const cmaf = 'cmaf' as FormatName
export const noAffiliate = '0x0000000000000000000000000000000000000000' as Address
export const testPhrase = 'test test test test test test test test test test test junk'

/** A devnet, its reader, and a writer for each of anvil's accounts. */
export const startChain = async (periodSeconds: number) => {
  const chain = await startDevnetChain({ periodSeconds })
  const rpc = connectRpc(chain.rpcUrl)
  const reader = createChainReader(chain, rpc)
  const addresses = await reader.addresses()
  const writerOf = (account: number): ChainWriter => {
    const wallet = HDNodeWallet.fromPhrase(testPhrase, undefined, `m/44'/60'/0'/0/${account}`)
    return createChainWriter(addresses, createSender(rpc, chain.chainId, wallet))
  }
  return { chain, rpc, reader, addresses, writerOf }
}
export type StartedChain = Awaited<ReturnType<typeof startChain>>

export const documentOf = (owner: Address, periodSeconds: number): Omit<VideoDocument, 'id'> => ({
  title: 'A clip',
  owner,
  duration: 60,
  chunksize: 2,
  mailbox: actorOf('mailbox').publicKey,
  node: actorOf('publisher node').publicKey,
  formats: {
    [cmaf]: {
      hash: cidFromDigest('dag-pb', keccak256(bytesFromUtf8('root'))),
      price: weiPerPti,
      fee: 1_000_000_000n,
      ttl: 3 * periodSeconds,
      size: 22_000_001,
      affiliateBps: 500,
    },
  },
})

export type Wish = {
  readonly buyer: Actor
  readonly node: Actor
  readonly hosts: readonly Actor[]
  readonly payment: Order['payment']
  readonly validUntil: number
  /** Default: none. */
  readonly affiliate?: Address
  /** Held for hosts beyond what is allotted. */
  readonly spareBytes?: number
}

/** A signed order that allots its whole capacity to the hosts in equal parts. */
export const orderOf = (
  { chain, addresses }: Pick<StartedChain, 'addresses'> & { readonly chain: DevnetChain },
  terms: Terms,
  wish: Wish,
): Order => {
  const cap = Math.ceil(terms.size / wish.hosts.length)
  const leaves = wish.hosts.map(({ address, publicKey }, index) => ({
    index,
    payee: address,
    payout: payoutOf(address),
    cap,
    key: publicKey,
  }))
  const tree = orThrow(buildAllotmentTree(leaves))
  const draft: OrderDraft = {
    id: terms.id,
    format: terms.format,
    buyer: wish.buyer.address,
    terms,
    capacity: cap * wish.hosts.length + Math.floor(wish.spareBytes ?? 0),
    allotments: tree.commitment,
    depth: tree.depth,
    leaves,
    affiliate: wish.affiliate ?? noAffiliate,
    relayFee: 0n,
    validUntil: wish.validUntil,
    salt: hashFromBytes(keccak256(wish.node.secretKey)),
    chainId: chain.chainId,
    store: addresses.videoStore,
    payment: wish.payment,
  }
  const nodeSignature = signNodeKey(crypto, draft, wish.node.secretKey)
  const walletDigest = digestWallet(draft, nodeSignature, addresses.token)
  return {
    ...draft,
    IPFS_signature: nodeSignature,
    wallet_signature: signCompact(crypto, walletDigest, wish.buyer.secretKey),
  }
}

/** Hosts of the fixture are paid to an address next to their own. */
export const payoutOf = (host: Address): Address =>
  hexFromBytes(keccak256(bytesFromUtf8(host)).subarray(12)) as Address

/** What a host holds once the viewer signed for `bytes`. */
export const claimOf = (
  { chain, addresses }: StartedChain,
  order: Order,
  node: Actor,
  leaf: number,
  bytes: number,
): Claim => {
  const context = { chainId: chain.chainId, store: addresses.videoStore, token: addresses.token }
  const { branches } = orThrow(nameOrder(crypto, order, context))
  const allotment = order.leaves[leaf]
  const branch = branches[leaf]
  if (allotment === undefined || branch === undefined) throw new RangeError(`no leaf ${leaf}`)
  return laterClaimOf({ chain, addresses }, order, node, { allotment, branch }, bytes)
}

/** The same for a host that was allotted to later. */
export const laterClaimOf = (
  { chain, addresses }: Pick<StartedChain, 'chain' | 'addresses'>,
  order: Order,
  node: Actor,
  { allotment, branch }: Pick<Claim, 'allotment' | 'branch'>,
  bytes: number,
): Claim => {
  const context = { chainId: chain.chainId, store: addresses.videoStore, token: addresses.token }
  const { nonce, signer } = orThrow(nameOrder(crypto, order, context))
  const { index: leaf } = allotment
  const hash = hashFromBytes(keccak256(bytesFromUtf8('blocks'))) as Hash
  const owner = actorOf('publisher node').publicKey
  const draft = { nonce, owner, leaf, bytes, hash, key: owner }
  const digest = digestReceipt(paratiiDomain(chain.chainId, addresses.videoStore), draft)
  return {
    deal: order,
    signer,
    buyer: order.buyer,
    allotments: order.allotments,
    allotment,
    branch,
    receipt: { bytes, hash, buyer_signature: signCompact(crypto, digest, node.secretKey) },
  }
}

export { crypto }
