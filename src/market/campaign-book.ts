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
}

export const openCampaignBook = (depositUnits: number, maxPerViewer: number): CampaignBook => ({
  depositUnits,
  maxPerViewer,
  committedUnits: 0,
})

/** Units that may still be promised to a payee that had so many. */
export const leftFor = ({ depositUnits, committedUnits, maxPerViewer }: CampaignBook, had: number): number =>
  Math.min(depositUnits - committedUnits, maxPerViewer - had)

/**
 * Promises so many units to a payee that had `had`; `campaign-exhausted` or `viewer-not-wanted` where they are not there.
 */
export const commitUnits = (book: CampaignBook, had: number, units: number): Result<CampaignBook> => {
  if (!Number.isSafeInteger(units) || units <= 0) throw new RangeError('units are whole and above zero')
  const left = book.depositUnits - book.committedUnits
  if (units > left) return failed('campaign-exhausted', { left })
  if (had + units > book.maxPerViewer) return failed('viewer-not-wanted', { had })
  return ok({ ...book, committedUnits: book.committedUnits + units })
}
