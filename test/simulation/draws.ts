/** Numbers by chance that are the same for the same seed (mulberry32). */
export type Draws = {
  /** At least 0, below 1. */
  part(): number
  /** An integer at least 0, below n. */
  below(n: number): number
  /** An amount around `middle`: half are below it, few are many times as high. */
  around(middle: bigint, spread: number): bigint
  pick<T>(items: readonly T[]): T
}

export const createDraws = (seed: number): Draws => {
  let state = seed >>> 0
  const part = () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(part() * n)
  return {
    part,
    below,
    around(middle, spread) {
      const normal = Math.sqrt(-2 * Math.log(1 - part())) * Math.cos(2 * Math.PI * part())
      return (middle * BigInt(Math.round(1e6 * Math.exp(spread * normal)))) / 1_000_000n
    },
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
  }
}
