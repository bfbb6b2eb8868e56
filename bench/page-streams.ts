import type { PurchaseNonce } from '#std/brand.ts'

/** Functions that run inside the player page; each uses nothing but what a page has, and what it defines itself. */

export type Drained = { readonly bytes: number; readonly seconds: number }

/**
 * Fetches one address after the other and throws the bytes away, as most pages read a body; no faster than
 * `bytesPerMs`, as a player does whose buffer is full (`null`: as fast as it goes).
 */
export const drainByDefault = async (
  urls: readonly string[],
  bytesPerMs: number | null,
): Promise<Drained> => {
  const open = async (url: string) => {
    const response = await fetch(url).catch(thrown => Promise.reject(new Error(`${url}: ${thrown}`)))
    if (response.ok && response.body !== null) return response.body.getReader()
    throw new Error(`${url}: ${response.status} ${await response.text()}`)
  }
  const startedAt = performance.now()
  let bytes = 0
  for (const url of urls) {
    const reader = await open(url)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.byteLength
      const earlyMs = bytesPerMs === null ? 0 : bytes / bytesPerMs - (performance.now() - startedAt)
      if (earlyMs > 4) await new Promise(resolve => setTimeout(resolve, earlyMs))
    }
  }
  return { bytes, seconds: (performance.now() - startedAt) / 1000 }
}

/** The same at full speed, into one buffer that is used again and again. */
export const drainByob = async (urls: readonly string[]): Promise<Drained> => {
  const open = async (url: string) => {
    const response = await fetch(url).catch(thrown => Promise.reject(new Error(`${url}: ${thrown}`)))
    if (response.ok && response.body !== null) return response.body.getReader({ mode: 'byob' })
    throw new Error(`${url}: ${response.status} ${await response.text()}`)
  }
  const startedAt = performance.now()
  let bytes = 0
  let buffer = new ArrayBuffer(1_048_576)
  for (const url of urls) {
    const reader = await open(url)
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer))
      if (value !== undefined) buffer = value.buffer
      if (done) break
      bytes += value.byteLength
    }
  }
  return { bytes, seconds: (performance.now() - startedAt) / 1000 }
}

/** SHA-256 in hex of what each address gives. */
export const digestAll = async (urls: readonly string[]): Promise<readonly string[]> => {
  const digests: string[] = []
  for (const url of urls) {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()))
    digests.push(Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join(''))
  }
  return digests
}

/** Reads over the port, see port-page.ts. */
export const drainPort = (
  purchase: PurchaseNonce,
  paths: readonly string[],
  bytesPerMs: number | null,
): Promise<Drained> => globalThis.paratiiPort.drain(purchase, paths, bytesPerMs ?? Number.POSITIVE_INFINITY)

export const digestPort = (purchase: PurchaseNonce, paths: readonly string[]): Promise<readonly string[]> =>
  globalThis.paratiiPort.digestAll(purchase, paths)
