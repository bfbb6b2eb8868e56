/** Where PTI can be had for an address: whoever goes there need not copy it. */
export function fundingLink(fundingUrl: string, address: string): string {
  const url = new URL(fundingUrl)
  url.searchParams.set('address', address)
  return url.href
}
