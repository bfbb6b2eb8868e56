import { type Component, multiaddr } from '@multiformats/multiaddr'

/**
 * Addresses of nodes are multiaddrs; `fetch` wants URLs. These are the only two places that turn one into the
 * other. A data plane is `/ip4/…|/ip6/…|/dns…/tcp/N/http`, with `/tls` before `http` (or `/https`) for TLS.
 */

const hostProtocols = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']

/** The base URL (no trailing slash) of a data-plane multiaddr, or undefined for any other kind of address. */
export const urlFromMultiaddr = (address: string): string | undefined => {
  const parts = parseComponents(address)
  const [host, port, ...rest] = parts ?? []
  if (host?.value === undefined || port?.value === undefined) return undefined
  if (!hostProtocols.includes(host.name) || port.name !== 'tcp') return undefined
  const kind = rest.map(part => part.name).join('/')
  const secure = kind === 'https' || kind === 'tls/http'
  if (!secure && kind !== 'http') return undefined
  const name = host.name === 'ip6' ? `[${host.value}]` : host.value
  return `${secure ? 'https' : 'http'}://${name}:${port.value}`
}

/** The data-plane multiaddr of an `http:` or `https:` URL; its path, query and fragment must be empty. */
export const multiaddrFromUrl = (url: string): string | undefined => {
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, port, pathname, search, hash } = new URL(url)
  if ((protocol !== 'http:' && protocol !== 'https:') || pathname !== '/' || search !== '' || hash !== '') {
    return undefined
  }
  const secure = protocol === 'https:'
  const host = hostname.startsWith('[')
    ? `/ip6/${hostname.slice(1, -1)}`
    : /^\d+(\.\d+){3}$/.test(hostname)
      ? `/ip4/${hostname}`
      : `/dns/${hostname}`
  return `${host}/tcp/${port === '' ? (secure ? 443 : 80) : port}${secure ? '/tls' : ''}/http`
}

/** The base URLs among a node's addresses, in their order. */
export const dataPlaneUrls = (addresses: readonly string[]): string[] => {
  return addresses.map(urlFromMultiaddr).filter(url => url !== undefined)
}

/** The libp2p addresses among a node's addresses (those that name a peer), in their order. */
export const messageAddresses = (addresses: readonly string[]): string[] => {
  return addresses.filter(address => parseComponents(address)?.at(-1)?.name === 'p2p')
}

const parseComponents = (address: string): Component[] | undefined => {
  try {
    return multiaddr(address).getComponents()
  } catch {
    return undefined
  }
}
