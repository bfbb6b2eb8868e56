import { expect, it } from 'vitest'
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

it('is written as a table that spreadsheets read and do not run', () => {
  expect(exportCsv([purchase], [transfer])).toBe(
    [
      'time,kind,what,amount,unit,to,site,state,id',
      `1970-01-01T00:00:00.000Z,purchase,"'=HYPERLINK(""http://x"",""Harbour, at dawn"")",-0.5,PTI,0xaa,,closed,0x01`,
      '1970-01-01T00:00:01.000Z,transfer,for the sound,-1,ETH,0xbb,,mined,0x02',
      '',
    ].join('\r\n'),
  )
})

it('is written as JSON with amounts to the last unit', () => {
  expect(JSON.parse(exportJson([purchase], [transfer]))).toMatchObject({
    purchases: [{ paidWei: '500000000000000000' }],
    transfers: [{ wei: '1000000000000000000' }],
  })
})
