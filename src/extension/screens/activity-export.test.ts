import { expect, it } from 'vitest'
import type { ViewingView } from '#bridge/earning.ts'
import type { Transfer } from '#bridge/provider.ts'
import type { PurchaseView } from '#bridge/shapes.ts'
import { exportCsv, exportJson } from './activity-export.ts'

const purchase = {
  purchase: '0x01',
  title: '=HYPERLINK("http://x","Harbour, at dawn")',
  payee: '0xaa',
  boughtAtMs: 0,
  paidWei: 5n * 10n ** 17n,
  state: 'closed',
} as unknown as PurchaseView
const transfer = {
  hash: '0x02',
  atMs: 1000,
  to: '0xbb',
  token: 'ETH',
  wei: 10n ** 18n,
  description: 'for the sound',
  state: 'mined',
} as unknown as Transfer

const viewing = {
  viewing: '0x03',
  title: 'Soap',
  advertiser: '0xcc',
  acceptedAtMs: 2000,
  earnedWei: 10n ** 17n,
  isRunning: false,
} as unknown as ViewingView

it('is written as a table that spreadsheets read and do not run', () => {
  expect(exportCsv([purchase], [transfer], [viewing])).toBe(
    [
      'time,kind,what,amount,unit,party,site,state,id',
      '1970-01-01T00:00:02.000Z,earned,Soap,0.1,PTI,0xcc,,promised,0x03',
      `1970-01-01T00:00:00.000Z,purchase,"'=HYPERLINK(""http://x"",""Harbour, at dawn"")",-0.5,PTI,0xaa,,closed,0x01`,
      '1970-01-01T00:00:01.000Z,transfer,for the sound,-1,ETH,0xbb,,mined,0x02',
      '',
    ].join('\r\n'),
  )
})

it('is written as JSON with amounts to the last unit', () => {
  expect(JSON.parse(exportJson([purchase], [transfer], [viewing]))).toMatchObject({
    purchases: [{ paidWei: '500000000000000000' }],
    transfers: [{ wei: '1000000000000000000' }],
    viewings: [{ earnedWei: '100000000000000000' }],
  })
})
