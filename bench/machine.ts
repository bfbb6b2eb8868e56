import { cpus, totalmem } from 'node:os'

export type Machine = {
  readonly cpus: number
  readonly model: string
  readonly memoryGiB: number
  readonly node: string
  readonly chromium: string
}

export const describeMachine = (chromium: string): Machine => ({
  cpus: cpus().length,
  model: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGiB: roundTo(totalmem() / 2 ** 30, 1),
  node: process.version,
  chromium,
})

/** The middle value, or the mean of the two in the middle. */
export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  if (low === undefined || high === undefined) throw new RangeError('nothing to take the median of')
  return (low + high) / 2
}

export const roundTo = (value: number, digits: number): number => Number(value.toFixed(digits))
