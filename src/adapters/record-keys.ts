import { ParatiiError } from '#std/error.ts'
import type { ListOptions, RecordChange } from '#std/ports/records.ts'

const namePattern = /^[\x20-\x7e]{1,512}$/

/** Throws `fault` unless table and key are names as the Records port allows: all adapters sort those alike. */
export const checkRecordName = (table: string, key: string): void => {
  if (!namePattern.test(table) || !namePattern.test(key))
    throw new ParatiiError('fault', { reason: 'record name' })
}

/** Checks all names of a write before any of it is done. */
export const checkRecordChanges = (changes: readonly RecordChange[]): void => {
  for (const change of changes) checkRecordName(change.table, change.key)
}

/** Where a list begins and ends: keys above `after` (or from `prefix` on) and below `end`. */
export type RecordRange = { readonly start: string; readonly startsAfter: boolean; readonly end: string }

/** The range of keys that a list asks for. `\x7f` follows every character that a key may have. */
export const rangeOf = (prefix: string, options: ListOptions): RecordRange => {
  if (options.limit !== undefined && (!Number.isSafeInteger(options.limit) || options.limit < 0)) {
    throw new ParatiiError('fault', { reason: 'record limit' })
  }
  const startsAfter = options.after !== undefined && options.after >= prefix
  return { start: startsAfter ? (options.after ?? '') : prefix, startsAfter, end: `${prefix}\x7f` }
}
