import { Interface } from 'ethers'
import * as v from 'valibot'
import { isFormatName, type Schema } from '#protocol/fields.ts'
import { cidFromRoot, formatWord, type Terms } from '#protocol/terms.ts'
import type { VideoDocument, VideoFormat } from '#protocol/video-document.ts'
import type { Address, FormatName, Hash, PublicKey, PurchaseNonce, VideoId } from '#std/brand.ts'
import { bytesFromHex, parseUtf8 } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { type ContractAddresses, lookUpAddresses, zeroAddress } from './addresses.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { videoRegistryAbi } from './bindings/video-registry.ts'
import { videoStoreAbi } from './bindings/video-store.ts'
import {
  addressValue,
  booleanValue,
  type Contract,
  callContract,
  hashValue,
  keyValue,
  numberValue,
  weiValue,
} from './call.ts'
import type { ChainConfig } from './config.ts'
import { connectRpc } from './http-rpc.ts'
import { listLogs } from './logs.ts'
import { listPurchases, type PurchaseEvent, type PurchaseFilter } from './purchase-events.ts'

/** A video as the registry has it. */
export type RegisteredVideo = {
  readonly document: VideoDocument
  /** The terms of each format sold now. Formats whose names no client could write are left out. */
  readonly terms: readonly Terms[]
  /** Counts the owner's changes, from 1. */
  readonly revision: number
  /** To whom the owner offered it. */
  readonly offeredTo: Address | undefined
}

/** A node that an account says is its own. Not verified: the key proves itself when it is dialled. */
export type RegisteredNode = { readonly key: PublicKey; readonly addresses: readonly string[] }

/** A purchase as the store has it. */
export type PurchaseState = {
  /** `undefined` for several hosts: then the purchase's name knows it. */
  readonly buyer: Address | undefined
  /** Bytes counted for all hosts. */
  readonly bytes: number
  /** Unix seconds: receipts are paid before, the rest is reclaimed from then on. */
  readonly escrowEnd: number
  readonly depth: number
  readonly closing: boolean
  readonly reclaimed: boolean
}

export type ChainHead = { readonly number: number; readonly timestampSeconds: number }

/** What clients ask of the chain. Nothing but the contracts' addresses is kept: each answer is of the latest block. */
export type ChainReader = {
  /** `chain-mismatch` unless the node is of the configured chain and the registry knows all contracts. */
  check(signal?: AbortSignal): Promise<void>
  addresses(signal?: AbortSignal): Promise<ContractAddresses>
  head(signal?: AbortSignal): Promise<ChainHead>
  /** `video-unknown`. */
  video(id: VideoId, signal?: AbortSignal): Promise<RegisteredVideo>
  /** The terms on which a format is sold now; `format-unknown`. */
  terms(id: VideoId, format: FormatName, signal?: AbortSignal): Promise<Terms>
  /** Terms that a format was once sold on, by their hash; `terms-invalid` if it never was. */
  termsByHash(id: VideoId, hash: Hash, signal?: AbortSignal): Promise<Terms>
  mailboxKey(user: Address, signal?: AbortSignal): Promise<PublicKey | undefined>
  /**
   * Where an account reads its mail: its registered key, else the one that its document names. `key-revoked` if that was
   * revoked and no other took its place.
   */
  mailboxOf(user: Address, documented: PublicKey, signal?: AbortSignal): Promise<PublicKey>
  /** The block from which a key of an account is revoked; `undefined` for one that is not. */
  revokedFrom(user: Address, key: PublicKey, signal?: AbortSignal): Promise<number | undefined>
  nodes(user: Address, signal?: AbortSignal): Promise<readonly RegisteredNode[]>
  /** PTI of an account, in base units. */
  balanceWei(account: Address, signal?: AbortSignal): Promise<bigint>
  /** PTI that VideoStore may take from an account. */
  allowanceWei(account: Address, signal?: AbortSignal): Promise<bigint>
  etherWei(account: Address, signal?: AbortSignal): Promise<bigint>
  /** `undefined` if it is not on the chain (any more, after a reorganisation). */
  purchase(nonce: PurchaseNonce, signal?: AbortSignal): Promise<PurchaseState | undefined>
  /** Bytes counted for one host; 0 before the first settlement. `purchase-unknown`. */
  paidBytes(nonce: PurchaseNonce, leaf: number, signal?: AbortSignal): Promise<number>
  /** Purchases by name, buyer or video, oldest first. */
  purchases(filter: PurchaseFilter, signal?: AbortSignal): Promise<readonly PurchaseEvent[]>
  /** Seconds from a request to close to the end of an escrow. */
  periodSeconds(signal?: AbortSignal): Promise<number>
}

/** Reads a deployment. `rpc` defaults to the configured URL. */
export const createChainReader = (
  config: ChainConfig,
  rpc: JsonRpc = connectRpc(config.rpcUrl),
): ChainReader => {
  let known: Promise<ContractAddresses> | undefined
  const addresses = (signal?: AbortSignal): Promise<ContractAddresses> => {
    known ??= lookUpAddresses(rpc, config.registry, signal).catch(thrown => {
      known = undefined
      throw thrown
    })
    return known
  }
  const call = async <T>(
    name: keyof typeof interfaces,
    method: string,
    args: readonly unknown[],
    schema: Schema<T>,
    signal?: AbortSignal,
  ): Promise<T> => callContract(rpc, await contract(name, signal), method, args, schema, signal)
  const contract = async (name: keyof typeof interfaces, signal?: AbortSignal): Promise<Contract> => ({
    address: (await addresses(signal))[name],
    abi: interfaces[name],
  })
  const terms = (id: VideoId, format: Hash, signal?: AbortSignal): Promise<Terms> =>
    call('videoRegistry', 'termsOf', [id, format], termsValue, signal)

  const mailboxKey = (user: Address, signal?: AbortSignal): Promise<PublicKey | undefined> =>
    call('userRegistry', 'mailboxKeyOf', [user], optionalKey, signal)
  const revokedFrom = async (user: Address, key: PublicKey, signal?: AbortSignal) =>
    (await call('userRegistry', 'revokedFrom', [user, key], numberValue, signal)) || undefined

  return {
    addresses,
    async check(signal) {
      const chainId = Number(await rpc.request('eth_chainId', [], signal))
      if (chainId !== config.chainId) {
        throw new ParatiiError('chain-mismatch', { expected: config.chainId, found: chainId })
      }
      await addresses(signal)
    },
    async head(signal) {
      const block = await rpc.request('eth_getBlockByNumber', ['latest', false], signal)
      const parsed = v.parse(v.object({ number: v.string(), timestamp: v.string() }), block)
      return { number: Number(parsed.number), timestampSeconds: Number(parsed.timestamp) }
    },
    async video(id, signal) {
      const { formats, document, ...rest } = await call('videoRegistry', 'videoOf', [id], videoValue, signal)
      const sold = formats.filter(word => formatNameFromWord(word) !== undefined)
      const found = await Promise.all(sold.map(word => terms(id, word, signal)))
      const documentFormats = Object.fromEntries(found.map(entry => [entry.format, formatFromTerms(entry)]))
      return { document: { id, ...document, formats: documentFormats }, terms: found, ...rest }
    },
    terms: (id, format, signal) => terms(id, formatWord(format), signal),
    async termsByHash(id, hash, signal) {
      const query = { event: 'FormatSet', indexed: [id], fromBlock: 0 }
      const set = await listLogs(rpc, await contract('videoRegistry', signal), query, formatSetValue, signal)
      const found = set.find(entry => entry.hash === hash)
      if (found === undefined) throw new ParatiiError('terms-invalid', { id })
      return found.terms
    },
    mailboxKey,
    revokedFrom,
    async mailboxOf(user, documented, signal) {
      const registered = await mailboxKey(user, signal)
      if (registered !== undefined) return registered
      if ((await revokedFrom(user, documented, signal)) === undefined) return documented
      throw new ParatiiError('key-revoked', { user })
    },
    nodes: (user, signal) => call('userRegistry', 'nodesOf', [user], nodesValue, signal),
    balanceWei: (account, signal) => call('token', 'balanceOf', [account], weiValue, signal),
    async allowanceWei(account, signal) {
      const { videoStore } = await addresses(signal)
      return call('token', 'allowance', [account, videoStore], weiValue, signal)
    },
    etherWei: async (account, signal) =>
      BigInt(String(await rpc.request('eth_getBalance', [account, 'latest'], signal))),
    async purchase(nonce, signal) {
      try {
        return await call('videoStore', 'purchaseOf', [nonce], purchaseValue, signal)
      } catch (thrown) {
        if (thrown instanceof ParatiiError && thrown.code === 'purchase-unknown') return undefined
        throw thrown
      }
    },
    paidBytes: (nonce, leaf, signal) => call('videoStore', 'paidBytes', [nonce, leaf], numberValue, signal),
    purchases: async (filter, signal) =>
      listPurchases(rpc, await contract('videoStore', signal), filter, signal),
    periodSeconds: signal => call('videoStore', 'PERIOD', [], numberValue, signal),
  }
}

const interfaces = {
  token: new Interface(paratiiTokenAbi),
  videoRegistry: new Interface(videoRegistryAbi),
  userRegistry: new Interface(userRegistryAbi),
  videoStore: new Interface(videoStoreAbi),
} as const

const optionalAddress: Schema<Address | undefined> = v.pipe(
  addressValue,
  v.transform(address => (address === zeroAddress ? undefined : address)),
)

/** The name of a format from its bytes32; `undefined` if it is not one that clients write. */
export const formatNameFromWord = (word: Hash): FormatName | undefined => {
  const text = parseUtf8(bytesFromHex(word))?.replace(/\0+$/, '')
  return text !== undefined && isFormatName(text) ? text : undefined
}

const formatValue: Schema<FormatName> = v.pipe(
  hashValue,
  v.transform(formatNameFromWord),
  v.custom<FormatName>(name => name !== undefined),
)

const optionalKey: Schema<PublicKey | undefined> = v.union([
  v.pipe(
    v.literal('0x'),
    v.transform(() => undefined),
  ),
  keyValue,
])

const termsValue: Schema<Terms> = v.pipe(
  v.strictTuple([
    hashValue,
    formatValue,
    hashValue,
    weiValue,
    weiValue,
    numberValue,
    numberValue,
    addressValue,
    numberValue,
    numberValue,
  ]),
  v.transform(([id, format, root, price, fee, ttl, size, owner, affiliateBps, avatarBps]) => ({
    id: id as Hash as VideoId,
    format,
    root,
    price,
    fee,
    ttl,
    size,
    owner,
    affiliateBps,
    avatarBps,
  })),
)

const formatSetValue: Schema<{ readonly hash: Hash; readonly terms: Terms }> = v.pipe(
  v.strictTuple([hashValue, hashValue, hashValue, termsValue]),
  v.transform(([, , hash, terms]) => ({ hash, terms })),
)

type VideoValue = Pick<RegisteredVideo, 'revision' | 'offeredTo'> & {
  readonly document: Omit<VideoDocument, 'id' | 'formats'>
  readonly formats: readonly Hash[]
}

const videoValue: Schema<VideoValue> = v.pipe(
  v.strictTuple([
    addressValue,
    numberValue,
    optionalAddress,
    v.strictTuple([v.string(), numberValue, numberValue, keyValue, keyValue]),
    v.array(hashValue),
  ]),
  v.transform(([owner, revision, offeredTo, [title, duration, chunksize, mailbox, node], formats]) => ({
    document: { title, owner, duration, chunksize, mailbox, node },
    revision,
    offeredTo,
    formats,
  })),
)

const formatFromTerms = ({ root, price, fee, ttl, size, affiliateBps }: Terms): VideoFormat => ({
  hash: cidFromRoot(root),
  price,
  fee,
  ttl,
  size,
  affiliateBps,
})

const nodesValue: Schema<readonly RegisteredNode[]> = v.pipe(
  v.array(v.strictTuple([keyValue, v.array(v.string())])),
  v.transform(nodes => nodes.map(([key, addresses]) => ({ key, addresses }))),
)

const purchaseValue: Schema<PurchaseState> = v.pipe(
  v.strictTuple([optionalAddress, numberValue, numberValue, numberValue, booleanValue, booleanValue]),
  v.transform(([buyer, bytes, escrowEnd, depth, closing, reclaimed]) => ({
    buyer,
    bytes,
    escrowEnd,
    depth,
    closing,
    reclaimed,
  })),
)
