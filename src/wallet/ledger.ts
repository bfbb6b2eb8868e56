import * as v from 'valibot'
import { hashField, videoIdField } from '#protocol/fields.ts'
import type { Hash, VideoId } from '#std/brand.ts'

const wei = v.pipe(
  v.string(),
  v.regex(/^(?:0|[1-9][0-9]{0,39})$/),
  v.transform(text => BigInt(text)),
)
const day = v.pipe(v.number(), v.integer(), v.minValue(0))

const reservationSchema = v.object({
  /** The salt of the purchase that it is for. */
  id: hashField,
  video: videoIdField,
  /** Origin of the site that the video was watched on. */
  site: v.exactOptional(v.string()),
  /** Days since 1970 (UTC). */
  day,
  wei,
  /** The purchase is over: `wei` is what it paid. */
  isFinal: v.exactOptional(v.boolean()),
})
/** What was promised to one purchase, or what that paid in the end. */
export type Reservation = v.InferOutput<typeof reservationSchema>

const present = v.object({
  version: v.literal(2),
  /** The latest day on which anything was promised. */
  day,
  reservations: v.array(reservationSchema),
})
/** The book of promises, as it lies in storage: amounts as decimal text. */
export type Ledger = v.InferOutput<typeof present>

/** The first format knew one day's sum. It goes on counting for its day, and can no longer come back. */
const first = v.pipe(
  v.strictObject({ day, promisedWei: wei }),
  v.transform(
    (old): Ledger => ({
      version: 2,
      day: old.day,
      reservations: [
        {
          id: unnamed,
          video: unnamed as string as VideoId,
          day: old.day,
          wei: old.promisedWei,
          isFinal: true,
        },
      ],
    }),
  ),
)
const unnamed = `0x${'00'.repeat(32)}` as Hash

export const ledgerSchema: v.GenericSchema<unknown, Ledger> = v.union([present, first])

export const emptyLedger: Ledger = { version: 2, day: 0, reservations: [] }
