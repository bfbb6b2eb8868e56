import type { ViewingView } from '#bridge/earning.ts'
import type { Earning } from '#roles/viewer/earning-records.ts'

/** What is shown of a viewing that was stored. */
export const viewOfEarning = (earning: Earning, isRunning: boolean): ViewingView => ({
  viewing: earning.bid,
  title: earning.title,
  advertiser: earning.advertiser,
  rateWei: withoutShare(earning.watcher.rate.rateWei, earning),
  chunkSeconds: earning.watcher.rate.chunkSeconds,
  length: earning.watcher.rate.length,
  earnedWei: withoutShare(earning.watcher.promisedWei, earning),
  acceptedAtMs: earning.acceptedAtMs,
  isRunning,
})

/** What is left for us once the site has its part. */
const withoutShare = (wei: bigint, { affiliateBps }: Earning): bigint =>
  wei - (wei * BigInt(affiliateBps)) / 10_000n
