import { describe, expect, it } from 'vitest'
import { dataPlaneUrls, messageAddresses, multiaddrFromUrl, urlFromMultiaddr } from './address.ts'

const PEER = '16Uiu2HAm9v6SYSkMqN4wQSzFZ5hPvDvYCvYWX9PHjDDRkbVKNTPF'

describe('node addresses', () => {
  it.each([
    ['/ip4/127.0.0.1/tcp/8080/http', 'http://127.0.0.1:8080'],
    ['/ip6/::1/tcp/8080/http', 'http://[::1]:8080'],
    ['/dns/host.example/tcp/443/tls/http', 'https://host.example:443'],
  ])('%s is %s', (address, url) => {
    expect(urlFromMultiaddr(address)).toBe(url)
    expect(multiaddrFromUrl(url)).toBe(address)
  })

  it.each([
    '/ip4/127.0.0.1/tcp/9/ws',
    '/ip4/127.0.0.1/udp/9/quic-v1',
    '/ip4/127.0.0.1',
    'not an address',
    '',
  ])('%j is no data plane', address => {
    expect(urlFromMultiaddr(address)).toBeUndefined()
  })

  it.each(['ftp://a.example', 'http://a.example/path', 'http://a.example/?q=1', 'junk'])(
    '%j has no multiaddr',
    url => {
      expect(multiaddrFromUrl(url)).toBeUndefined()
    },
  )

  it('tells data planes from libp2p addresses', () => {
    const message = `/ip4/127.0.0.1/tcp/1/ws/p2p/${PEER}`
    const addresses = [message, '/ip4/127.0.0.1/tcp/2/http', 'junk']
    expect(dataPlaneUrls(addresses)).toEqual(['http://127.0.0.1:2'])
    expect(messageAddresses(addresses)).toEqual([message])
  })
})
