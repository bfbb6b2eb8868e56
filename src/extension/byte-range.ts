/** The part of a file that a request asks for; both ends inclusive, `suffix` the last so many bytes. */
export type AskedRange = { readonly first: number; readonly last?: number } | { readonly suffix: number }

const rangePattern = /^bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/

/**
 * A `Range` header (RFC 9110, 14.2): one range of bytes. `undefined` for none and for what we do not understand
 * (several ranges, other units): the whole is sent then, as the RFC wants.
 */
export function parseRange(header: string | null): AskedRange | undefined {
  const match = rangePattern.exec(header?.trim() ?? '')
  if (match === null) return undefined
  const [, first, last, suffix] = match
  if (suffix !== undefined) return { suffix: Number(suffix) }
  if (last === undefined) return { first: Number(first) }
  // A range that ends before it begins is no range at all.
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) }
}

/** Where a range lies in a file of `size` bytes, `end` exclusive; `undefined` if none of it is there (416). */
export function resolveRange(
  range: AskedRange | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  if (range === undefined) return { start: 0, end: size }
  if ('suffix' in range) {
    return range.suffix === 0 || size === 0
      ? undefined
      : { start: Math.max(0, size - range.suffix), end: size }
  }
  if (range.first >= size) return undefined
  return { start: range.first, end: Math.min(size, (range.last ?? size - 1) + 1) }
}
