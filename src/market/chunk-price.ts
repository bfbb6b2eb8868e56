/** What is paid by the second, in chunks. */
export type Rate = {
  /** Base units a second. */
  readonly rateWei: bigint
  readonly chunkSeconds: number
  /** Seconds of the whole. */
  readonly length: number
}

export const chunkCountOf = ({ chunkSeconds, length }: Rate): number => Math.ceil(length / chunkSeconds)

/** Seconds of chunk n, from 0: the last has what is left. */
export const chunkSecondsOf = ({ chunkSeconds, length }: Rate, chunk: number): number =>
  Math.min(chunkSeconds, length - chunk * chunkSeconds)

export const chunkPriceWei = (rate: Rate, chunk: number): bigint =>
  rate.rateWei * BigInt(chunkSecondsOf(rate, chunk))
