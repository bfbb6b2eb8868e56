import type { Address } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

/**
 * What a campaign has promised, in units. Every promise is written here before it is made on the chain, and promises
 * never return: so all of them fit the deposit however many viewers come at once.
 */
export type CampaignBook = {
  readonly depositUnits: number
  /** The most that one payee gets, over all its allotments: the contract knows leaves, not people. */
  readonly maxPerViewer: number
  readonly committedUnits: number
  readonly ofPayee: Readonly<Record<Address, number>>
}

export const openCampaignBook = (depositUnits: number, maxPerViewer: number): CampaignBook => ({
  depositUnits,
  maxPerViewer,
  committedUnits: 0,
  ofPayee: {},
})

export const leftUnits = ({ depositUnits, committedUnits }: CampaignBook): number =>
  depositUnits - committedUnits

/** Units that one payee may still be promised. */
export const leftForPayee = (book: CampaignBook, payee: Address): number =>
  Math.min(leftUnits(book), book.maxPerViewer - (book.ofPayee[payee] ?? 0))

/** Promises a payee so many units; `campaign-exhausted` or `viewer-not-wanted` where they are not there. */
export const commitUnits = (book: CampaignBook, payee: Address, units: number): Result<CampaignBook> => {
  if (!Number.isSafeInteger(units) || units <= 0) throw new RangeError('units are whole and above zero')
  const had = book.ofPayee[payee] ?? 0
  if (units > leftUnits(book)) return failed('campaign-exhausted', { left: leftUnits(book) })
  if (had + units > book.maxPerViewer) return failed('viewer-not-wanted', { had })
  return ok({
    ...book,
    committedUnits: book.committedUnits + units,
    ofPayee: { ...book.ofPayee, [payee]: had + units },
  })
}

export const topUpBook = (book: CampaignBook, units: number): CampaignBook => ({
  ...book,
  depositUnits: book.depositUnits + units,
})
