/** One change of a write: a value put under a key, or the key removed (`value: undefined`). */
export type RecordChange = {
  readonly table: string
  readonly key: string
  readonly value: string | undefined
}

export type RecordEntry = { readonly key: string; readonly value: string }

/** `after`: only keys greater than this one; `limit`: at most so many entries (default: all). */
export type ListOptions = { readonly after?: string; readonly limit?: number }

/**
 * What a write survives once it resolves: `power-loss`, or only the end of the program (`crash`), which costs the
 * browser no flush of the disk. Adapters may do more than they are asked.
 */
export type WriteOptions = { readonly durability?: 'power-loss' | 'crash' }

/**
 * Small records that must survive: tables of text keys and JSON text values, amounts in them as decimal text.
 * Tables and keys are 1 to 512 characters of printable ASCII (so that every adapter sorts them alike); a room's
 * tables are its own. Adapters throw ParatiiError: `store-failed`, and `fault` for a key that is none.
 */
export interface Records {
  get(table: string, key: string): Promise<string | undefined>
  /** Entries whose key begins with `prefix` (may be empty), in ascending order of keys. */
  list(table: string, prefix: string, options?: ListOptions): Promise<readonly RecordEntry[]>
  /** All changes or none, in order; when it resolves they survive (as far as the adapter stores at all), by default a loss of power. */
  write(changes: readonly RecordChange[], options?: WriteOptions): Promise<void>
}
