import type { ViewingView } from '#bridge/earning.ts'
import type { Transfer } from '#bridge/provider.ts'
import type { PurchaseView } from '#bridge/shapes.ts'
import { wireOf } from '#bridge/wire.ts'
import { ptiFromWei } from '#std/amount.ts'

const columns = ['time', 'kind', 'what', 'amount', 'unit', 'party', 'site', 'state', 'id'] as const
type Row = Readonly<Record<(typeof columns)[number], string>>

const rowsOf = (
  purchases: readonly PurchaseView[],
  transfers: readonly Transfer[],
  viewings: readonly ViewingView[],
): readonly Row[] => [
  ...viewings.map(viewing => ({
    time: new Date(viewing.acceptedAtMs).toISOString(),
    kind: 'earned',
    what: viewing.title,
    amount: ptiFromWei(viewing.earnedWei),
    unit: 'PTI',
    party: viewing.advertiser,
    site: '',
    state: viewing.isRunning ? 'playing' : 'promised',
    id: viewing.viewing,
  })),
  ...purchases.map(purchase => ({
    time: new Date(purchase.boughtAtMs).toISOString(),
    kind: 'purchase',
    what: purchase.title,
    amount: ptiFromWei(-purchase.paidWei),
    unit: 'PTI',
    party: purchase.payee,
    site: purchase.site ?? '',
    state: purchase.state,
    id: purchase.purchase,
  })),
  ...transfers.map(transfer => ({
    time: new Date(transfer.atMs).toISOString(),
    kind: 'transfer',
    what: transfer.description ?? '',
    amount: ptiFromWei(-transfer.wei),
    unit: transfer.token === 'PTI' ? 'PTI' : 'ETH',
    party: transfer.to ?? '',
    site: transfer.site ?? '',
    state: transfer.state,
    id: transfer.hash,
  })),
]

/** RFC 4180, one header line. Text of others never begins as a formula does, so that no spreadsheet runs it. */
export function exportCsv(
  purchases: readonly PurchaseView[],
  transfers: readonly Transfer[],
  viewings: readonly ViewingView[],
): string {
  const lines = rowsOf(purchases, transfers, viewings).map(row =>
    columns.map(name => cellOf(name, row[name])).join(','),
  )
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`
}

/** All of it, amounts in base units. */
export const exportJson = (
  purchases: readonly PurchaseView[],
  transfers: readonly Transfer[],
  viewings: readonly ViewingView[],
): string => `${JSON.stringify(wireOf({ purchases, transfers, viewings }), null, 2)}\n`

function cellOf(name: (typeof columns)[number], value: string): string {
  const safe = name !== 'amount' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
