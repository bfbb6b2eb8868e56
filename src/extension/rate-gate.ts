/** Lets each site through so often: a burst at once, then so many a second. */
export function createRateGate(
  nowMs: () => number,
  { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
): (site: string) => boolean {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  const mostSites = 200
  return site => {
    const now = nowMs()
    const bucket = buckets.get(site) ?? { tokens: burst, atMs: now }
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.atMs) / 1000) * perSecond)
    const passes = tokens >= 1
    buckets.delete(site)
    buckets.set(site, { tokens: passes ? tokens - 1 : tokens, atMs: now })
    const [oldest] = buckets.keys()
    if (buckets.size > mostSites && oldest !== undefined) buckets.delete(oldest)
    return passes
  }
}
