import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import type { Leaf, MediaDirectory } from '#media/dag.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { hashFromBytes, keccak256 } from '#protocol/hash.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import type { Order } from '#protocol/order.ts'
import { identityOf } from '#protocol/signature.ts'
import type { PurchaseRecord } from '#roles/viewer/purchase-records.ts'
import type {
  Address,
  FormatName,
  Hash,
  Hex,
  PublicKey,
  PurchaseNonce,
  Signature,
  VideoId,
} from '#std/brand.ts'
import { bytesFromUint32, bytesFromUtf8, concatBytes, hexFromBytes } from '#std/bytes.ts'

/** One purchase of one film from one host, as everybody in the model knows it. */

export const leafBytes = 262_144
const filled = <T extends Hex>(length: number, byte = 1): T =>
  hexFromBytes(new Uint8Array(length).fill(byte)) as T
const actorOf = (name: string) => {
  const secretKey = keccak256(bytesFromUtf8(name))
  return { secretKey, ...identityOf(cryptoNative, secretKey) }
}

export const crypto = cryptoNative
export const clock = clockSystem
export const buyer = actorOf('node key of the purchase')
export const seller = actorOf('host')
const owner = actorOf('owner').publicKey
export const root = cidFromDigest('dag-pb', keccak256(bytesFromUtf8('film')))

/** 12 MB, the last leaf shorter than the others. */
export const leaves: readonly Leaf[] = Array.from({ length: 48 }, (_, index) => ({
  index,
  cid: cidFromDigest('raw', concatBytes(new Uint8Array(28), bytesFromUint32(index))),
  size: index === 47 ? 1_000 : leafBytes,
}))
export const sizeOf = (some: Iterable<Leaf>): number => [...some].reduce((sum, { size }) => sum + size, 0)
export const directory: MediaDirectory = { root, files: new Map(), leaves, nodes: [root] }

export const dataPlane = '/ip4/127.0.0.1/tcp/2/http'
export const listed: ListedHost = {
  key: seller.publicKey as PublicKey,
  payout: filled<Address>(20, 4),
  addresses: ['/ip4/127.0.0.1/tcp/1/ws/p2p/16Uiu2HAm9vUVzwZv3nhKBrCX8Xv9iF3mJvpo2GkVJqj4Gmxn9FzV', dataPlane],
}
export const nonce = filled<PurchaseNonce>(32, 17)
export const allotment = {
  index: 0,
  payee: seller.address,
  payout: listed.payout,
  cap: 2 * sizeOf(leaves),
  key: listed.key,
}

export const order: Order = {
  id: filled<VideoId>(32),
  format: 'cmaf' as FormatName,
  buyer: filled<Address>(20),
  terms: {
    id: filled<VideoId>(32),
    format: 'cmaf' as FormatName,
    root: hashFromBytes(keccak256(bytesFromUtf8('film'))),
    price: 10n ** 18n,
    fee: 5n,
    ttl: 3600,
    size: sizeOf(leaves),
    owner: filled<Address>(20),
    affiliateBps: 0,
    avatarBps: 0,
  },
  capacity: allotment.cap,
  allotments: filled<Hash>(32),
  depth: 0,
  leaves: [allotment],
  affiliate: filled<Address>(20, 0),
  relayFee: 0n,
  validUntil: 2_000_000_000,
  salt: filled<Hash>(32),
  chainId: 31337,
  store: filled<Address>(20),
  payment: 'authorization',
  wallet_signature: filled<Signature>(64),
  IPFS_signature: filled<Signature>(64),
}

export const record: PurchaseRecord = {
  nonce,
  signer: buyer.address,
  order,
  ownerNode: owner,
  mailbox: owner,
  publisherAddresses: [],
  hosts: [listed],
}
