import { campaignUnitWei } from '#protocol/campaign.ts'
import { ptiFromWei } from '#std/amount.ts'
import type { MarketSize } from './market.ts'
import { type Advertiser, biddingKinds, type Publisher } from './people.ts'

/** What is counted while the market runs. */
export type Figures = {
  readonly asksByHour: number[]
  readonly filledByHour: number[]
  bidsMade: number
  accepted: number
  finished: number
  wrongAnswers: number
  unpaidChunks: number
  capsReached: number
  channels: number
  channelsWithoutService: number
  lostToPublishersWei: bigint
  signatures: number
}

export const createFigures = (days: number): Figures => ({
  asksByHour: new Array(24 * days).fill(0),
  filledByHour: new Array(24 * days).fill(0),
  bidsMade: 0,
  accepted: 0,
  finished: 0,
  wrongAnswers: 0,
  unpaidChunks: 0,
  capsReached: 0,
  channels: 0,
  channelsWithoutService: 0,
  lostToPublishersWei: 0n,
  signatures: 0,
})

/** Figures of a whole run, as JSON has them; amounts in PTI. */
export type MarketFigures = {
  readonly size: MarketSize
  readonly invariants: readonly string[]
  readonly supply: string
  readonly fillRate: number
  readonly fillByHour: readonly number[]
  readonly attention: Readonly<Record<string, number>>
  readonly cheaters: Readonly<Record<string, number | string>>
  readonly bidding: readonly {
    readonly policy: string
    readonly campaigns: number
    readonly deposit: string
    readonly spentPart: number
    readonly gainForOne: number
    readonly spentPartByDay: readonly number[]
  }[]
  readonly pricing: readonly {
    readonly policy: string
    readonly publishers: number
    readonly bids: number
    readonly soldPart: number
    readonly earned: string
    readonly earnedForBid: string
  }[]
}

const part = (a: number, b: number): number => (b === 0 ? 0 : Math.round((10_000 * a) / b) / 10_000)
const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)

export const readFigures = (
  size: MarketSize,
  figures: Figures,
  {
    advertisers,
    publishers,
    supplyWei,
  }: {
    readonly advertisers: readonly Advertiser[]
    readonly publishers: readonly Publisher[]
    readonly supplyWei: bigint
  },
): MarketFigures => ({
  size,
  invariants: [
    'tokens: the same sum in every hour',
    'campaigns: none promised or paid more than its deposit',
    'minimums: no bid below one was accepted',
    'channels: each closed at its last proof',
    'cheaters: one chunk at most lost to each, nothing by viewers',
  ],
  supply: ptiFromWei(supplyWei),
  fillRate: part(sumOf(figures.filledByHour), sumOf(figures.asksByHour)),
  fillByHour: figures.asksByHour.map((asks, hour) => part(figures.filledByHour[hour] ?? 0, asks)),
  attention: {
    asks: sumOf(figures.asksByHour),
    bids: figures.bidsMade,
    accepted: figures.accepted,
    finished: figures.finished,
    signatures: figures.signatures,
  },
  cheaters: {
    'viewings ended by a wrong answer': figures.wrongAnswers,
    'lost by advertisers to them': ptiFromWei(advertisers.reduce((sum, { lostWei }) => sum + lostWei, 0n)),
    'chunks that came unpaid and were not played': figures.unpaidChunks,
    'channels whose publisher did not serve': figures.channelsWithoutService,
    'lost by viewers to them': ptiFromWei(figures.lostToPublishersWei),
  },
  bidding: biddingKinds.map(policy => {
    const mine = advertisers.filter(({ kind }) => kind === policy)
    const deposit = sumOf(mine.map(({ plan }) => plan.deposit))
    const spent = sumOf(mine.map(({ spentByDay }) => sumOf(spentByDay)))
    const value = mine.reduce((sum, { valueWei }) => sum + valueWei, 0n)
    return {
      policy,
      campaigns: mine.length,
      deposit: ptiFromWei(BigInt(deposit) * campaignUnitWei),
      spentPart: part(spent, deposit),
      // What a PTI spent was worth to its advertiser.
      gainForOne: part(Number(value / campaignUnitWei), spent),
      spentPartByDay: Array.from({ length: size.days }, (_, day) =>
        part(sumOf(mine.map(({ spentByDay }) => spentByDay[day] ?? 0)), deposit),
      ),
    }
  }),
  pricing: (['flat', 'revenue'] as const).map(rule => {
    const mine = publishers.filter(({ policy }) => policy.rule === rule)
    const bids = sumOf(mine.map(publisher => publisher.bids))
    const earned = mine.reduce((sum, { earnedWei }) => sum + earnedWei, 0n)
    return {
      policy: rule,
      publishers: mine.length,
      bids,
      soldPart: part(sumOf(mine.map(({ accepted }) => accepted)), bids),
      earned: ptiFromWei(earned),
      earnedForBid: ptiFromWei(bids === 0 ? 0n : earned / BigInt(bids)),
    }
  }),
})
