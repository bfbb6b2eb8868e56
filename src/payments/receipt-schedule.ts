import { maxPaymentBlocks } from '#protocol/exchange.ts'
import { extendDigest, firstDigest, type Receipt, type ReceiptDraft } from '#protocol/receipt.ts'
import type { Cid, Hash } from '#std/brand.ts'

/**
 * When a viewer signs a receipt for one host of one purchase, and for what. Pure: {@link stepReceiptSchedule}.
 *
 * Invariants: only blocks that were verified and stored are counted, each once; bytes never go down; what is signed
 * waits for nothing, so a host whose window is well fed never stops.
 */
export type ReceiptSchedule = {
  readonly purchase: Omit<ReceiptDraft, 'bytes' | 'hash'>
  /** The newest receipt signed; 0 bytes and the purchase's name before the first. */
  readonly signed: Total
  /** Verified blocks that no receipt counts yet, oldest first. */
  readonly pending: readonly CountedBlock[]
  /** Signed, not acknowledged: each total with the one it goes on from. */
  readonly unacknowledged: readonly Unacknowledged[]
  /** Bytes that the host sends ahead of receipts. */
  readonly creditBytes: number
}

/** What a receipt says: so many bytes under such a digest. */
export type Total = { readonly bytes: number; readonly hash: Hash }
export type CountedBlock = { readonly cid: Cid; readonly bytes: number }
type Unacknowledged = { readonly from: Total; readonly to: Total; readonly blocks: readonly Cid[] }

export type ScheduleEvent =
  /** A block of this host was verified and stored. */
  | { readonly type: 'block'; readonly cid: Cid; readonly bytes: number }
  /** The host waits for a receipt. */
  | { readonly type: 'requested' }
  /** Playback stops, or pauses: leave nothing unsigned. */
  | { readonly type: 'flush' }
  /** The host stored a receipt for so many bytes and now grants this credit. */
  | { readonly type: 'acknowledged'; readonly bytes: number; readonly creditBytes: number }
  /**
   * The exchange was opened, anew or again. `held`: the newest receipt that the host holds, after its signature was
   * found to be our own; undefined for none.
   */
  | { readonly type: 'opened'; readonly held: Receipt | undefined; readonly creditBytes: number }

/** Sign the draft, store it, then send it with the blocks. */
export type ScheduleEffect = {
  readonly type: 'pay'
  readonly draft: ReceiptDraft
  readonly blocks: readonly Cid[]
}

export type ScheduleStep = { readonly schedule: ReceiptSchedule; readonly effects: readonly ScheduleEffect[] }

const leafBytes = 262_144
/** A receipt covers at most so much, however large the credit. */
export const longestIntervalBytes = 4_194_304

/**
 * A schedule that goes on from our newest stored receipt of this purchase and host, if there is one, and from the
 * blocks that were verified after it.
 */
export const openReceiptSchedule = (
  purchase: ReceiptSchedule['purchase'],
  newest: Total | undefined,
  pending: readonly CountedBlock[] = [],
): ReceiptSchedule => ({
  purchase,
  signed: newest ?? { bytes: 0, hash: firstDigest(purchase.nonce) },
  pending,
  unacknowledged: [],
  creditBytes: 0,
})

/** Bytes after which a receipt is due: half the credit, at least one block, at most 4 MiB. */
export const intervalOf = (schedule: ReceiptSchedule): number =>
  Math.min(longestIntervalBytes, Math.max(leafBytes, Math.floor(schedule.creditBytes / 2)))

/** Bytes verified and not yet in a receipt. */
export const pendingBytesOf = (schedule: ReceiptSchedule): number =>
  schedule.pending.reduce((sum, block) => sum + block.bytes, 0)

/** The next state, and what is to be signed and sent, in the order given. */
export const stepReceiptSchedule = (schedule: ReceiptSchedule, event: ScheduleEvent): ScheduleStep => {
  switch (event.type) {
    case 'block': {
      const pending = [...schedule.pending, { cid: event.cid, bytes: event.bytes }]
      return signIfDue({ ...schedule, pending })
    }
    case 'requested':
    case 'flush':
      return sign(schedule)
    case 'acknowledged':
      return signIfDue({
        ...schedule,
        creditBytes: event.creditBytes,
        unacknowledged: schedule.unacknowledged.filter(({ to }) => to.bytes > event.bytes),
      })
    case 'opened':
      return open({ ...schedule, creditBytes: event.creditBytes }, event.held)
  }
}

/** Before the exchange is open there is nobody to send to: blocks of the free head wait for the first receipt. */
const signIfDue = (schedule: ReceiptSchedule): ScheduleStep => {
  if (schedule.creditBytes === 0) return { schedule, effects: [] }
  const isDue =
    pendingBytesOf(schedule) >= intervalOf(schedule) || schedule.pending.length >= maxPaymentBlocks
  return isDue ? sign(schedule) : { schedule, effects: [] }
}

/** One receipt for all that is pending; several where one payment cannot list so many blocks. */
const sign = (schedule: ReceiptSchedule): ScheduleStep => {
  const effects: ScheduleEffect[] = []
  let { signed, pending } = schedule
  const unacknowledged = [...schedule.unacknowledged]
  while (pending.length > 0) {
    const counted = pending.slice(0, maxPaymentBlocks)
    pending = pending.slice(maxPaymentBlocks)
    const blocks = counted.map(block => block.cid)
    const to = {
      bytes: signed.bytes + counted.reduce((sum, block) => sum + block.bytes, 0),
      hash: extendDigest(signed.hash, blocks),
    }
    unacknowledged.push({ from: signed, to, blocks })
    effects.push({ type: 'pay', draft: { ...schedule.purchase, ...to }, blocks })
    signed = to
  }
  return { schedule: { ...schedule, signed, pending, unacknowledged }, effects }
}

const open = (schedule: ReceiptSchedule, held: Receipt | undefined): ScheduleStep => {
  const heldBytes = held?.bytes ?? 0
  if (held !== undefined && heldBytes > schedule.signed.bytes) {
    // Our store lost receipts that we signed. What is pending may be counted in them: it is not counted again.
    const signed = { bytes: held.bytes, hash: held.hash }
    return { schedule: { ...schedule, signed, pending: [], unacknowledged: [] }, effects: [] }
  }
  if (heldBytes === schedule.signed.bytes) {
    const signed = { bytes: heldBytes, hash: held?.hash ?? schedule.signed.hash }
    return signIfDue({ ...schedule, signed, unacknowledged: [] })
  }
  // The host lost, or never got, our newest receipts: it gets the newest again, with the blocks since its own.
  const missing = schedule.unacknowledged.filter(({ from }) => from.bytes >= heldBytes)
  const listed = missing.flatMap(({ blocks }) => blocks)
  const start = missing[0]?.from ?? schedule.signed
  const heldHash = held?.hash ?? firstDigest(schedule.purchase.nonce)
  const canList = start.bytes === heldBytes && start.hash === heldHash && listed.length <= maxPaymentBlocks
  const blocks = canList ? listed : []
  const again: ScheduleEffect = { type: 'pay', draft: { ...schedule.purchase, ...schedule.signed }, blocks }
  const rest = signIfDue(schedule)
  return { schedule: rest.schedule, effects: [again, ...rest.effects] }
}
