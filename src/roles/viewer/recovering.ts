import type { PurchaseEvent } from '#chain/purchase-events.ts'
import { draftOrder } from '#payments/purchase.ts'
import { nameOrder } from '#protocol/check-order.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import { type OrderDraft, signNodeKey } from '#protocol/order.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { ViewerPorts } from './ports.ts'
import type { PurchaseRecord } from './purchase-records.ts'
import { findSeller, maxAllotted } from './quoting.ts'

/** More hosts than this are not tried for their places: their orders are too many. */
const mostTried = 16

/** A purchase as the chain tells of it, and what was ordered: all but what a secret signed. */
export type RecoveredPurchase = Omit<PurchaseRecord, 'order'> & { readonly order: OrderDraft }

/**
 * What a viewer without its store can still know of a purchase: the chain has its terms and its salt, the publisher its
 * hosts, and the root of the allotments says which of them have which place. `purchase-unknown`, `publisher-unreachable`,
 * `allotment-invalid` where those hosts are no longer listed.
 */
export const recoverPurchase = async (
  ports: ViewerPorts,
  nonce: PurchaseNonce,
  signal: AbortSignal,
): Promise<RecoveredPurchase> => {
  const { reader } = ports
  const [[event], addresses] = await Promise.all([
    reader.purchases({ nonce }, signal),
    reader.addresses(signal),
  ])
  if (event === undefined) throw new ParatiiError('purchase-unknown', { nonce })
  const [video, terms] = await Promise.all([
    reader.video(event.id, signal),
    reader.termsByHash(event.id, event.terms, signal),
  ])
  const seller = await findSeller(ports, video, terms.owner, signal)
  const plan = {
    terms,
    capacity: event.capacity,
    buyer: event.buyer,
    salt: event.salt,
    relayFee: 0n,
    validUntil: 0,
    affiliate: event.affiliate,
    chainId: ports.chainId,
    store: addresses.videoStore,
    payment: 'authorization' as const,
  }
  for (const hosts of choicesOf(seller.listed.slice(0, mostTried), maxAllotted)) {
    const order = draftOrder(ports.crypto, { ...plan, hosts })
    if (!order.ok || !isSame(order.value, event)) continue
    return {
      nonce,
      signer: event.signer,
      order: order.value,
      ownerNode: video.document.node,
      mailbox: seller.mailbox,
      publisherAddresses: seller.publisherAddresses,
      hosts,
    }
  }
  throw new ParatiiError('allotment-invalid', { field: 'allotments' })
}

/** Makes a recovered purchase one that can be gone on with. `signature-invalid` if it is not this key's. */
export const recordRecovered = (
  { crypto }: ViewerPorts,
  { order: draft, ...recovered }: RecoveredPurchase,
  nodeKey: Uint8Array,
): PurchaseRecord => {
  const nodeSignature = signNodeKey(crypto, draft, nodeKey)
  // The wallet's signature opened the purchase; hosts ask the chain for that, and nobody reads it again.
  const order = { ...draft, IPFS_signature: nodeSignature, wallet_signature: nodeSignature }
  const { chainId, store } = draft
  const { nonce } = orThrow(nameOrder(crypto, order, { chainId, store, token: store }))
  if (nonce !== recovered.nonce) throw new ParatiiError('signature-invalid', { field: 'nodeKey' })
  return { ...recovered, order }
}

const isSame = ({ allotments, depth }: OrderDraft, event: PurchaseEvent): boolean =>
  allotments === event.allotments && depth === event.depth

/** Every choice of up to `most` hosts in every order, the shortest first. */
function* choicesOf(hosts: readonly ListedHost[], most: number): Generator<readonly ListedHost[]> {
  let choices: readonly (readonly ListedHost[])[] = [[]]
  for (let length = 1; length <= most; length++) {
    choices = choices.flatMap(chosen =>
      hosts.filter(host => !chosen.includes(host)).map(host => [...chosen, host]),
    )
    yield* choices
  }
}
