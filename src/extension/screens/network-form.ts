import * as v from 'valibot'
import type { Budget, Network } from '#bridge/shapes.ts'
import { urlField } from '#bridge/shapes.ts'
import { addressField } from '#protocol/fields.ts'
import { parsePti } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'

type PlaceTyped = { readonly rpcUrl: string; readonly chainId: string; readonly registry: string }
/** A month's budget, until the person sets another: so many days on which all of the day's is used. */
const fullDays = 5n
/** What the person typed. */
export type NetworkTyped = PlaceTyped & { readonly perVideo: string; readonly perDay: string }
export type NetworkPlace = { readonly rpcUrl: string; readonly registry: Address; readonly chainId: number }

/** Fields whose text makes no sense. */
export type Mistakes = Partial<Record<keyof NetworkTyped, true>>
type Read<T> = T | { readonly mistakes: Mistakes }

/** Fields filled in by the address of the page, as somebody's link may: they are shown, and asked of the chain. */
export function typedFromQuery(query: URLSearchParams): NetworkTyped {
  return {
    rpcUrl: query.get('rpc') ?? '',
    chainId: query.get('chain') ?? '',
    registry: query.get('registry') ?? '',
    perVideo: '5',
    perDay: '20',
  }
}

/** Where a chain is, as it was typed, or which fields are wrong. */
export function readNetworkPlace(typed: PlaceTyped): Read<{ readonly place: NetworkPlace }> {
  const rpcUrl = v.safeParse(urlField, typed.rpcUrl.trim())
  const registry = v.safeParse(addressField, typed.registry.trim().toLowerCase())
  const chainId = /^[1-9]\d{0,14}$/.test(typed.chainId.trim()) ? Number(typed.chainId) : undefined
  if (rpcUrl.success && registry.success && chainId !== undefined)
    return { place: { rpcUrl: rpcUrl.output, registry: registry.output, chainId } }
  return {
    mistakes: {
      ...(rpcUrl.success ? {} : { rpcUrl: true }),
      ...(registry.success ? {} : { registry: true }),
      ...(chainId === undefined ? { chainId: true } : {}),
    },
  }
}

/** A second address where there is one; nothing typed is none. */
export function readFallback(typed: string): string | undefined | 'wrong' {
  if (typed.trim() === '') return undefined
  const url = v.safeParse(urlField, typed.trim())
  return url.success ? url.output : 'wrong'
}

/** The whole form: the place, and what may be promised there. */
export function readNetworkForm(
  typed: NetworkTyped,
): Read<{ readonly place: NetworkPlace; readonly budget: Budget }> {
  const read = readNetworkPlace(typed)
  const perVideoWei = parsePti(typed.perVideo.trim())
  const perDayWei = parsePti(typed.perDay.trim())
  if ('place' in read && perVideoWei !== undefined && perDayWei !== undefined)
    return { place: read.place, budget: { perVideoWei, perDayWei, perMonthWei: perDayWei * fullDays } }
  return {
    mistakes: {
      ...('mistakes' in read ? read.mistakes : {}),
      ...(perVideoWei === undefined ? { perVideo: true } : {}),
      ...(perDayWei === undefined ? { perDay: true } : {}),
    },
  }
}

/** What to call a network that nobody named: where it is reached. */
export const networkName = (place: NetworkPlace): string => new URL(place.rpcUrl).hostname.slice(0, 40)

export const networkOf = (place: NetworkPlace, query: URLSearchParams): Network => {
  const funding = v.safeParse(urlField, query.get('funding'))
  return {
    ...place,
    name: query.get('name')?.slice(0, 40) || networkName(place),
    ...(funding.success ? { fundingUrl: funding.output } : {}),
  }
}
