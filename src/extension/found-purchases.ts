import type { FoundPurchase } from '#bridge/reader-contract.ts'
import type { PurchaseEvent } from '#chain/purchase-events.ts'
import type { ChainReader } from '#chain/reader.ts'
import { collateralWei, ownerEarnedWei } from '#payments/purchase.ts'
import type { Address } from '#std/brand.ts'

/** The newest so many are looked at: a list that is longer is no list for a person. */
const mostFound = 200

/** The purchases of an account, newest first, from what the chain logged. Throws what the reader throws. */
export async function findPurchases(
  reader: ChainReader,
  timeOf: (blockNumber: number) => Promise<number>,
  buyer: Address,
  signal: AbortSignal,
): Promise<readonly FoundPurchase[]> {
  const events = (await reader.purchases({ buyer }, signal)).toReversed().slice(0, mostFound)
  const { timestampSeconds } = await reader.head(signal)
  const found: FoundPurchase[] = []
  for (const event of events) {
    const purchase = await readPurchase(reader, timeOf, event, timestampSeconds, signal)
    if (purchase !== undefined) found.push(purchase)
  }
  return found
}

async function readPurchase(
  reader: ChainReader,
  timeOf: (blockNumber: number) => Promise<number>,
  { nonce, id, terms: hash, capacity, salt, log }: PurchaseEvent,
  nowSeconds: number,
  signal: AbortSignal,
): Promise<FoundPurchase | undefined> {
  const [state, terms, video, boughtAtSeconds] = await Promise.all([
    reader.purchase(nonce, signal),
    reader.termsByHash(id, hash, signal),
    reader.video(id, signal),
    timeOf(log.blockNumber),
  ])
  // Gone by a reorganisation since it was logged.
  if (state === undefined) return undefined
  const isFinal = state.reclaimed || nowSeconds >= state.escrowEnd
  return {
    purchase: nonce,
    video: id,
    format: terms.format,
    title: video.document.title,
    payee: terms.owner,
    salt,
    boughtAtMs: boughtAtSeconds * 1000,
    endsAtMs: state.escrowEnd * 1000,
    totalWei: terms.price + collateralWei({ terms, capacity }),
    paidWei: terms.fee * BigInt(state.bytes) + ownerEarnedWei(terms, state.bytes),
    paidBytes: state.bytes,
    totalBytes: terms.size,
    state: isFinal || state.closing ? 'closed' : 'open',
    isFinal,
  }
}
