import type { Mailbox } from '#network/mailbox.ts'
import { nameOrder } from '#protocol/check-order.ts'
import { type Order, totalWei } from '#protocol/order.ts'
import type { PurchaseAnswer } from '#protocol/purchase.ts'
import { identityOf } from '#protocol/signature.ts'
import { hashTerms } from '#protocol/terms.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import type { Quote } from './api.ts'
import type { ViewerPorts } from './ports.ts'
import { findPurchase, type PurchaseRecord, savePurchase } from './purchase-records.ts'

/** Between two looks at the chain: at first, and later; and before an order is mailed again. */
const firstPollMs = 100
const pollMs = 500
const mailAgainMs = 5_000
/** How long a publisher may take to be reached and to have the purchase mined. */
const openWithinMs = 150_000

/** What a signed order names, checked against the quote that it was made from and the key that will sign receipts. */
export const recordOf = (
  ports: ViewerPorts,
  quote: Quote,
  order: Order,
  nodeKey: Uint8Array,
): PurchaseRecord => {
  const { nonce, signer } = orThrow(
    nameOrder(ports.crypto, order, { chainId: quote.chainId, store: quote.store, token: quote.token }),
  )
  if (signer !== identityOf(ports.crypto, nodeKey).address)
    throw new ParatiiError('signature-invalid', { field: 'nodeKey' })
  if (hashTerms(order.terms) !== hashTerms(quote.terms)) throw new ParatiiError('terms-changed')
  const hosts = order.leaves.map(({ key }) => {
    const host = quote.hosts.find(candidate => candidate.key === key)
    if (host === undefined) throw new ParatiiError('allotment-invalid', { field: 'key' })
    return host
  })
  return {
    nonce,
    signer,
    order,
    ownerNode: quote.video.document.node,
    mailbox: quote.mailbox,
    publisherAddresses: quote.publisherAddresses,
    hosts,
  }
}

/**
 * Mails an order until the chain has its purchase. The chain alone is believed: a publisher's word that it opened,
 * or that it did not, only ends the waiting for one.
 */
export const openOnChain = async (
  ports: ViewerPorts,
  mailbox: Mailbox,
  record: PurchaseRecord,
  nodeKey: Uint8Array,
  signal: AbortSignal,
): Promise<void> => {
  const { reader, clock } = ports
  // One that was never stored was never mailed.
  const isKnown = (await findPurchase(ports.records, record.nonce)) !== undefined
  const isThere = isKnown && (await reader.purchase(record.nonce, signal)) !== undefined
  if (!isThere) await checkBalance(ports, record.order, signal)
  // Stored before it is mailed: if we die after the publisher has it, the deposit is found again.
  await savePurchase(ports.records, record)
  if (isThere) return
  const stop = new AbortController()
  const turn = AbortSignal.any([signal, stop.signal])
  const asking = askUntilAnswered(ports, mailbox, record, nodeKey, turn)
  let refusal: ParatiiError | undefined
  let isAnswered = false
  const answered = asking.then(
    answer => {
      if ('code' in answer)
        refusal = isErrorCode(answer.code)
          ? new ParatiiError(answer.code)
          : new ParatiiError('order-mismatch', { code: answer.code })
    },
    thrown => {
      refusal = errorFrom(thrown, 'publisher-unreachable')
    },
  )
  answered.finally(() => {
    isAnswered = true
  })
  const deadlineMs = clock.nowMs() + openWithinMs
  try {
    for (let napMs = firstPollMs; ; napMs = Math.min(2 * napMs, pollMs)) {
      // Looked at before the refusal is thrown: it may have opened all the same.
      const refused = refusal
      if ((await reader.purchase(record.nonce, signal)) !== undefined) return
      if (refused !== undefined) throw refused
      if (clock.nowMs() > deadlineMs) throw new ParatiiError('timed-out', { waitedMs: openWithinMs })
      const nap = clock.sleep(napMs, signal)
      // The answer wakes us once; after it only the chain has anything to say.
      await (isAnswered ? nap : Promise.race([answered, nap]))
    }
  } finally {
    stop.abort(new ParatiiError('aborted'))
  }
}

const checkBalance = async ({ reader }: ViewerPorts, order: Order, signal: AbortSignal): Promise<void> => {
  const neededWei = totalWei(order)
  const balanceWei = await reader.balanceWei(order.buyer, signal)
  if (balanceWei < neededWei) {
    throw new ParatiiError('balance-too-low', {
      neededWei: neededWei.toString(),
      balanceWei: balanceWei.toString(),
    })
  }
}

const askUntilAnswered = async (
  { clock }: ViewerPorts,
  mailbox: Mailbox,
  record: PurchaseRecord,
  nodeKey: Uint8Array,
  signal: AbortSignal,
): Promise<PurchaseAnswer> => {
  const to = { key: record.mailbox, addresses: record.publisherAddresses }
  const untilMs = clock.nowMs() + openWithinMs
  for (;;) {
    try {
      return await mailbox.ask(nodeKey, to, { type: 'order', body: record.order }, 'purchase', signal)
    } catch (thrown) {
      const error = errorFrom(thrown, 'publisher-unreachable')
      if (error.code === 'peer-unreachable') throw new ParatiiError('publisher-unreachable', {}, error)
      if (!error.retryable || clock.nowMs() > untilMs) throw error
      await clock.sleep(mailAgainMs, signal)
    }
  }
}
