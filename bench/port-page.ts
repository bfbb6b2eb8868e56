/**
 * Runs inside the player page, bundled: reads a purchase over the port to the node by the player's own code, and throws
 * the bytes away, as the plain reading does. What it offers is set on the page's `globalThis`.
 */
import { createLockLifelines } from '#bridge/lifeline.ts'
import { askWorker } from '#player/page/claim.ts'
import { StreamChannel } from '#player/page/stream-channel.ts'
import type { PurchaseNonce } from '#std/brand.ts'
import type { Drained } from './page-streams.ts'

declare global {
  var paratiiPort: {
    drain(purchase: PurchaseNonce, paths: readonly string[], bytesPerMs: number): Promise<Drained>
    digestAll(purchase: PurchaseNonce, paths: readonly string[]): Promise<readonly string[]>
  }
}

const lifelines = createLockLifelines()
const never = new AbortController().signal

/** Each piece in its turn, given back when `take` is done with it. */
const readAll = async (
  purchase: PurchaseNonce,
  paths: readonly string[],
  take: (bytes: Uint8Array<ArrayBuffer>, path: string) => Promise<void> | undefined,
): Promise<void> => {
  const channel = new StreamChannel({
    broker: port => askWorker({ type: 'channel', purchase }, port),
    lifelines,
  })
  for (const path of paths) {
    const stream = await channel.read(path, undefined, never)
    for (;;) {
      const bytes = await stream.next()
      if (bytes === undefined) break
      const taken = take(bytes, path)
      if (taken !== undefined) await taken
      stream.giveBack(bytes)
    }
  }
  channel.close()
}

globalThis.paratiiPort = {
  async drain(purchase, paths, bytesPerMs) {
    const startedAt = performance.now()
    let bytes = 0
    await readAll(purchase, paths, ({ length }) => {
      bytes += length
      const earlyMs = bytes / bytesPerMs - (performance.now() - startedAt)
      return earlyMs > 4 ? new Promise(resolve => setTimeout(resolve, earlyMs)) : undefined
    })
    return { bytes, seconds: (performance.now() - startedAt) / 1000 }
  },
  async digestAll(purchase, paths) {
    const digests: string[] = []
    for (const path of paths) {
      const parts: Uint8Array<ArrayBuffer>[] = []
      await readAll(purchase, [path], bytes => void parts.push(bytes.slice()))
      const whole = await new Blob(parts).arrayBuffer()
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole))
      digests.push(Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join(''))
    }
    return digests
  },
}
