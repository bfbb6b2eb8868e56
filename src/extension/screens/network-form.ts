import * as v from 'valibot'
import type { Budget, Network } from '#bridge/shapes.ts'
import { urlField } from '#bridge/shapes.ts'
import { addressField } from '#protocol/fields.ts'
import { parsePti } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'

/** What the person typed. */
export type NetworkTyped = {
  readonly rpcUrl: string
  readonly chainId: string
  readonly registry: string
  readonly perVideo: string
  readonly perDay: string
}
export type NetworkPlace = { readonly rpcUrl: string; readonly registry: Address; readonly chainId: number }

type FieldName = keyof NetworkTyped
/** Fields whose text makes no sense. */
export type Mistakes = Partial<Record<FieldName, true>>

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

/** The form's values, or which of them are wrong. */
export function readNetworkForm(
  typed: NetworkTyped,
): { readonly place: NetworkPlace; readonly budget: Budget } | { readonly mistakes: Mistakes } {
  const rpcUrl = v.safeParse(urlField, typed.rpcUrl.trim())
  const registry = v.safeParse(addressField, typed.registry.trim().toLowerCase())
  const chainId = /^[1-9]\d{0,14}$/.test(typed.chainId.trim()) ? Number(typed.chainId) : undefined
  const perVideoWei = parsePti(typed.perVideo.trim())
  const perDayWei = parsePti(typed.perDay.trim())
  if (
    !rpcUrl.success ||
    !registry.success ||
    chainId === undefined ||
    perVideoWei === undefined ||
    perDayWei === undefined
  ) {
    return {
      mistakes: {
        ...(rpcUrl.success ? {} : { rpcUrl: true }),
        ...(registry.success ? {} : { registry: true }),
        ...(chainId === undefined ? { chainId: true } : {}),
        ...(perVideoWei === undefined ? { perVideo: true } : {}),
        ...(perDayWei === undefined ? { perDay: true } : {}),
      },
    }
  }
  return {
    place: { rpcUrl: rpcUrl.output, registry: registry.output, chainId },
    budget: { perVideoWei, perDayWei },
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
