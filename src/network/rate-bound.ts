import type { Clock } from '#std/ports/clock.ts'

/** Bytes a second on the long run, and at once after a rest. */
export type Rate = { readonly bytesPerSecond: number; readonly burstBytes: number }

export type RateBoundOptions = { readonly clock: Clock; readonly each: Rate; readonly all: Rate }

type Bucket = { bytes: number; atMs: number }

const maxPrefixes = 10_000

/**
 * How much is given for nothing: one token bucket for each network prefix (IPv4 /24, IPv6 /48), so that more
 * addresses gain nothing, and one for all. Loopback is nobody's network, and not bounded for itself.
 */
export class RateBound {
  readonly #options: RateBoundOptions
  readonly #buckets = new Map<string, Bucket>()
  readonly #all: Bucket

  constructor(options: RateBoundOptions) {
    this.#options = options
    this.#all = { bytes: options.all.burstBytes, atMs: options.clock.nowMs() }
  }

  /** Takes bytes from the bucket of an IP address and from the common one; false, and nothing taken, if either lacks them. */
  take(address: string, byteCount: number): boolean {
    const { each, all, clock } = this.#options
    const nowMs = clock.nowMs()
    const prefix = prefixOf(address)
    const bucket = prefix === undefined ? undefined : this.#bucket(prefix, nowMs)
    if (bucket !== undefined) refill(bucket, each, nowMs)
    refill(this.#all, all, nowMs)
    if (this.#all.bytes < byteCount || (bucket !== undefined && bucket.bytes < byteCount)) return false
    this.#all.bytes -= byteCount
    if (bucket !== undefined) bucket.bytes -= byteCount
    return true
  }

  /** How long until both buckets have so many bytes, if nobody else takes any. */
  delayMs(address: string, byteCount: number): number {
    const { each, all, clock } = this.#options
    const nowMs = clock.nowMs()
    const prefix = prefixOf(address)
    const lacking = (bucket: Bucket, { bytesPerSecond }: Rate) =>
      Math.ceil(((byteCount - bucket.bytes) / bytesPerSecond) * 1000 - (nowMs - bucket.atMs))
    return Math.max(
      0,
      lacking(this.#all, all),
      prefix === undefined ? 0 : lacking(this.#bucket(prefix, nowMs), each),
    )
  }

  #bucket(prefix: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(prefix) ?? { bytes: this.#options.each.burstBytes, atMs: nowMs }
    this.#buckets.delete(prefix)
    this.#buckets.set(prefix, bucket)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= maxPrefixes) break
      this.#buckets.delete(oldest)
    }
    return bucket
  }
}

const refill = (bucket: Bucket, { bytesPerSecond, burstBytes }: Rate, nowMs: number): void => {
  bucket.bytes = Math.min(burstBytes, bucket.bytes + ((nowMs - bucket.atMs) / 1000) * bytesPerSecond)
  bucket.atMs = nowMs
}

/** The network that an address is in; undefined for loopback. */
const prefixOf = (address: string): string | undefined => {
  const ipv4 = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.\d+$/.exec(address)
  if (ipv4 !== null) return ipv4[1] === '127' ? undefined : ipv4.slice(1, 4).join('.')
  if (address === '::1') return undefined
  return address.split(':').slice(0, 3).join(':')
}
