import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '#std/ports/clock.ts'

const firstRetryMs = 500
const longestRetryMs = 15_000
const lookMs = 2_000
const dialMs = 10_000

/** Stays connected with a peer, dialling again with backoff, until the signal aborts. */
export const keepConnected = async (
  node: Libp2p,
  clock: Clock,
  address: string,
  signal: AbortSignal,
): Promise<void> => {
  let waitMs = firstRetryMs
  while (!signal.aborted) {
    waitMs = (await tryDial(node, address, signal)) ? lookMs : Math.min(2 * waitMs, longestRetryMs)
    await clock.sleep(waitMs, signal).catch(() => {})
  }
}

/** Whether a peer is connected, dialled if need be. */
export const tryDial = async (node: Libp2p, address: string, signal: AbortSignal): Promise<boolean> => {
  try {
    await node.dial(multiaddr(address), { signal: AbortSignal.any([signal, AbortSignal.timeout(dialMs)]) })
    return true
  } catch {
    // Whoever cannot be reached now is tried again later.
    return false
  }
}
