import { Interface } from 'ethers'
import * as v from 'valibot'
import type { Order } from '#protocol/order.ts'
import { type Deal, hashDeal } from '#protocol/purchase-nonce.ts'
import { formatWord, rootFromCid } from '#protocol/terms.ts'
import { hashVideoDocument, type VideoDocument } from '#protocol/video-document.ts'
import type { Address, FormatName, Hash, PublicKey, PurchaseNonce, Signature, VideoId } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { type ContractAddresses, zeroAddress } from './addresses.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { videoRegistryAbi } from './bindings/video-registry.ts'
import { videoStoreAbi } from './bindings/video-store.ts'
import { hashValue, numberValue, parseLog } from './call.ts'
import { type Purchased, purchasedValue } from './purchase-events.ts'
import type { RegisteredNode } from './reader.ts'
import type { MinedTransaction, Sender, SentNote } from './sender.ts'
import { type Claim, dealArgument, packSettlement, signatureArgument } from './settlement.ts'

/** What names a purchase to the contract. */
export type PurchaseParties = {
  readonly deal: Deal
  readonly signer: Address
  readonly allotments: Hash
  readonly buyer: Address
}

/** Why the store skipped a receipt, in the order of its SkipReason. */
export const skipReasons = [
  'unknown-purchase',
  'stale',
  'ended',
  'bad-signature',
  'bad-branch',
  'bad-payee',
] as const
export type SkipReason = (typeof skipReasons)[number]

export type SkippedReceipt = {
  readonly nonce: PurchaseNonce
  readonly leaf: number
  readonly reason: SkipReason
}
export type Settled = { readonly transaction: MinedTransaction; readonly skipped: readonly SkippedReceipt[] }

/** What publishers and hosts do on chain. Each call waits until it is mined; see {@link Sender.send} for errors. */
export type ChainWriter = {
  readonly address: Address
  /** Registers a video of the sender, who must be its owner; its id follows from the document as it is now. */
  registerVideo(document: Omit<VideoDocument, 'id'>, signal?: AbortSignal, note?: SentNote): Promise<VideoId>
  /** Replaces document and formats of a video of the sender. */
  editVideo(document: VideoDocument, signal?: AbortSignal): Promise<MinedTransaction>
  /** Sets where the sender reads its mail. */
  setMailboxKey(key: PublicKey, signal?: AbortSignal): Promise<MinedTransaction>
  /** Revokes a mailbox key of the sender, from this block on and for ever. */
  revokeMailboxKey(key: PublicKey, signal?: AbortSignal): Promise<MinedTransaction>
  /** Replaces the list of the sender's nodes. */
  setNodes(nodes: readonly RegisteredNode[], signal?: AbortSignal): Promise<MinedTransaction>
  /** Sends tokens of the sender. */
  transfer(to: Address, amountWei: bigint, signal?: AbortSignal): Promise<MinedTransaction>
  /** Lets VideoStore take up to so many tokens of the sender. */
  approveStore(amountWei: bigint, signal?: AbortSignal): Promise<MinedTransaction>
  /** Opens the purchase of a signed order, by allowance or authorization as the order says. */
  submitOrder(
    order: Order,
    signal?: AbortSignal,
    note?: SentNote,
  ): Promise<Purchased & { readonly transaction: MinedTransaction }>
  /** Settles receipts of any purchases and hosts. Skipped ones harm no others. */
  settle(claims: readonly Claim[], signal?: AbortSignal): Promise<Settled>
  /** Promises a part of a purchase's escrow to further hosts, by the signer's signature over their tree. */
  allot(
    parties: PurchaseParties,
    allotments: Hash,
    signature: Signature,
    signal?: AbortSignal,
  ): Promise<MinedTransaction>
  /** Requests, as signer or buyer, the end of a purchase; with a signature of either, for them. */
  requestClose(
    parties: PurchaseParties,
    signature?: Signature,
    signal?: AbortSignal,
  ): Promise<MinedTransaction>
  /** Returns to the buyer what nobody earned, after the escrow's end. */
  reclaim(parties: PurchaseParties, signal?: AbortSignal): Promise<MinedTransaction>
}

const interfaces = {
  token: new Interface(paratiiTokenAbi),
  videoRegistry: new Interface(videoRegistryAbi),
  userRegistry: new Interface(userRegistryAbi),
  videoStore: new Interface(videoStoreAbi),
} as const

export const createChainWriter = (addresses: ContractAddresses, sender: Sender): ChainWriter => {
  const send = (
    name: keyof typeof interfaces,
    method: string,
    args: readonly unknown[],
    signal?: AbortSignal,
    note?: SentNote,
  ): Promise<MinedTransaction> => {
    const data = interfaces[name].encodeFunctionData(method, args) as `0x${string}`
    return sender.send({ to: addresses[name], data }, signal, note)
  }
  const store = { address: addresses.videoStore, abi: interfaces.videoStore }
  const registry = { address: addresses.videoRegistry, abi: interfaces.videoRegistry }

  return {
    address: sender.address,
    async registerVideo(document, signal, note) {
      if (document.owner !== sender.address)
        throw new ParatiiError('not-permitted', { owner: document.owner })
      const args = [hashVideoDocument(document), documentArgument(document), formatArguments(document)]
      const transaction = await send('videoRegistry', 'register', args, signal, note)
      for (const log of transaction.logs) {
        const registered = parseLog(registry, 'VideoRegistered', log, videoRegisteredValue)
        if (registered !== undefined) return registered
      }
      throw new ParatiiError('chain-mismatch', { missing: 'VideoRegistered' })
    },
    editVideo: (document, signal) =>
      send(
        'videoRegistry',
        'edit',
        [document.id, documentArgument(document), formatArguments(document)],
        signal,
      ),
    setMailboxKey: (key, signal) => send('userRegistry', 'setMailboxKey', [key], signal),
    revokeMailboxKey: (key, signal) => send('userRegistry', 'revokeMailboxKey', [key], signal),
    setNodes: (nodes, signal) => send('userRegistry', 'setNodes', [nodes], signal),
    transfer: (to, amountWei, signal) => send('token', 'transfer(address,uint256)', [to, amountWei], signal),
    approveStore: (amountWei, signal) => send('token', 'approve', [addresses.videoStore, amountWei], signal),
    async submitOrder(order, signal, note) {
      const transaction = await send(
        'videoStore',
        purchaseMethods[order.payment],
        orderArguments(order),
        signal,
        note,
      )
      for (const log of transaction.logs) {
        const purchased = parseLog(store, 'Purchased', log, purchasedValue)
        if (purchased !== undefined) return { ...purchased, transaction }
      }
      throw new ParatiiError('chain-mismatch', { missing: 'Purchased' })
    },
    async settle(claims, signal) {
      const transaction = await send('videoStore', 'settle', packSettlement(claims), signal)
      const skipped = transaction.logs.flatMap(
        log => parseLog(store, 'ReceiptSkipped', log, skippedValue) ?? [],
      )
      return { transaction, skipped }
    },
    allot({ deal, signer, buyer, allotments: first }, allotments, signature, signal) {
      const args = [dealArgument(deal), signer, buyer, first, allotments, signatureArgument(signature)]
      return send('videoStore', 'allot', args, signal)
    },
    requestClose(parties, signature, signal) {
      const args = [hashDeal(parties.deal), parties.signer, parties.allotments, buyerArgument(parties)]
      return signature === undefined
        ? send('videoStore', 'requestClose', args, signal)
        : send('videoStore', 'requestCloseBySignature', [...args, signatureArgument(signature)], signal)
    },
    reclaim(parties, signal) {
      const args = [dealArgument(parties.deal), parties.signer, parties.allotments, buyerArgument(parties)]
      return send('videoStore', 'reclaim', args, signal)
    },
  }
}

const purchaseMethods = { allowance: 'purchase', authorization: 'purchaseWithAuthorization' } as const

const documentArgument = (document: Omit<VideoDocument, 'id'>) => ({
  title: document.title,
  durationSeconds: document.duration,
  chunkSeconds: document.chunksize,
  mailboxKey: document.mailbox,
  nodeKey: document.node,
})

const formatArguments = (document: Omit<VideoDocument, 'id'>) =>
  Object.entries(document.formats).map(([name, { hash, ...terms }]) => ({
    name: formatWord(name as FormatName),
    root: rootFromCid(hash),
    ...terms,
  }))

const orderArguments = (order: Order) => [
  {
    buyer: order.buyer,
    deal: dealArgument(order),
    allotments: order.allotments,
    relayFee: order.relayFee,
    validUntil: order.validUntil,
    salt: order.salt,
  },
  signatureArgument(order.IPFS_signature),
  signatureArgument(order.wallet_signature),
]

/** With a pinned host the purchase's slot names the buyer, not its name. */
const buyerArgument = ({ deal, buyer }: PurchaseParties): Address => (deal.depth === 0 ? zeroAddress : buyer)

const videoRegisteredValue = v.pipe(
  v.looseTuple([hashValue]),
  v.transform(([id]) => id as Hash as VideoId),
)

const skippedValue = v.pipe(
  v.strictTuple([hashValue, numberValue, numberValue]),
  v.transform(([nonce, leaf, reason]) => ({
    nonce: nonce as Hash as PurchaseNonce,
    leaf,
    reason: skipReasons[reason] ?? 'unknown-purchase',
  })),
)
