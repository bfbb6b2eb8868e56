import { describe, expect, it } from 'vitest'
import { networkOf, readNetworkForm, typedFromQuery } from './network-form.ts'

const registry = `0x${'Ab'.repeat(20)}`
const typed = { rpcUrl: ' http://127.0.0.1:8545 ', chainId: '31337', registry, perVideo: '0.5', perDay: '20' }

describe('the form for a network', () => {
  it('reads what a person types or pastes', () => {
    expect(readNetworkForm(typed)).toEqual({
      place: { rpcUrl: 'http://127.0.0.1:8545', chainId: 31337, registry: registry.toLowerCase() },
      budget: { perVideoWei: 5n * 10n ** 17n, perDayWei: 20n * 10n ** 18n, perMonthWei: 100n * 10n ** 18n },
    })
  })

  it('says which fields are wrong, all at once', () => {
    const wrong = { rpcUrl: 'ftp://x', chainId: 'one', registry: '0x12', perVideo: '-1', perDay: '' }
    expect(readNetworkForm(wrong)).toEqual({
      mistakes: { rpcUrl: true, chainId: true, registry: true, perVideo: true, perDay: true },
    })
  })

  it('may be filled in by a link, which names no place to buy PTI but a web address', () => {
    const query = new URLSearchParams({ rpc: 'http://a:1', chain: '7', registry, funding: 'javascript:x' })
    expect(typedFromQuery(query)).toMatchObject({ rpcUrl: 'http://a:1', chainId: '7', registry })
    const place = { rpcUrl: 'http://a:1', chainId: 7, registry: registry.toLowerCase() as never }
    expect(networkOf(place, query)).toEqual({ ...place, name: 'a' })
  })
})
