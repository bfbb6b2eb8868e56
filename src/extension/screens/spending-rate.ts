import { useEffect, useRef, useState } from 'react'
import type { PurchaseView } from '#bridge/shapes.ts'

export type Sample = { readonly atMs: number; readonly paidWei: bigint }

const windowMs = 10_000
const everyMs = 1000

/** Base units a second over the samples' span; 0 when there is none. Purchases that leave make it 0, never less. */
export function rateOf(samples: readonly Sample[]): bigint {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0n
  const grownWei = last.paidWei - first.paidWei
  return grownWei <= 0n ? 0n : (grownWei * 1000n) / BigInt(Math.round(last.atMs - first.atMs))
}

/** What is being paid a second now, over the last ten. Receipts come in steps, so a shorter span would only flicker. */
export function useSpendingRate(playing: readonly PurchaseView[]): bigint {
  const samples = useRef<readonly Sample[]>([])
  const [rateWei, setRateWei] = useState(0n)
  const paidWei = playing.reduce((sum, purchase) => sum + purchase.paidWei, 0n)
  const latest = useRef(paidWei)
  latest.current = paidWei
  useEffect(() => {
    const sample = (): void => {
      const atMs = performance.now()
      const kept = samples.current.filter(one => one.atMs > atMs - windowMs && one.paidWei <= latest.current)
      samples.current = [...kept, { atMs, paidWei: latest.current }]
      setRateWei(rateOf(samples.current))
    }
    sample()
    const timer = setInterval(sample, everyMs)
    return () => clearInterval(timer)
  }, [])
  return rateWei
}
