/** A value as it travels: amounts as decimal text, since runtime messages are JSON; the rest as it is. */
export function wireOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(wireOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, wireOf(part)]))
}
