import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import type { ViewingView } from '#bridge/earning.ts'
import { openAttentionWatcher } from '#market/attention-watcher.ts'
import { identityOf } from '#protocol/signature.ts'
import { type Earning, saveEarning } from '#roles/viewer/earning-records.ts'
import type { Address, Cid, Hash, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { Earner } from './earner.ts'

const key = new Uint8Array(32).fill(5)
const { address: mine, publicKey } = identityOf(cryptoNoble, key)
const other = `0x${'dd'.repeat(20)}` as Address
const hashOf = (byte: string) => `0x${byte.repeat(32)}` as Hash
const nowMs = 10_000_000
const minuteMs = 60_000

const earningOf = (byte: string, more: Partial<Earning> = {}): Earning => ({
  bid: hashOf(byte),
  title: byte,
  acceptedAtMs: nowMs - minuteMs,
  affiliateBps: 0,
  campaign: hashOf(byte),
  leaf: 0,
  units: 100,
  siblings: [],
  video: hashOf('ee') as string as VideoId,
  address: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' as Cid,
  advertiser: other,
  signer: mine,
  source: publicKey,
  payee: mine,
  viewer: mine,
  viewerSecret: hexFromBytes(key),
  watcher: openAttentionWatcher({ rateWei: 5n, chunkSeconds: 4, length: 60 }),
  signature: null,
  ...more,
})

let close: (() => void) | undefined
afterEach(() => close?.())

/** A node whose chain is asked where contracts are, and answers when `answer` is called. */
const openEarner = async (...earnings: Earning[]) => {
  const records = createMemoryRecords()
  for (const earning of earnings) await saveEarning(records, earning)
  const chain = Promise.withResolvers<never>()
  chain.promise.catch(() => undefined)
  const told: ViewingView[] = []
  const ports = {
    chainId: 7,
    clock: createManualClock(nowMs),
    crypto: cryptoNoble,
    records,
    reader: { addresses: () => chain.promise },
  }
  const earner = new Earner(ports as never, viewing => told.push(viewing))
  close = () => earner.shutdown()
  return { earner, told, fail: () => chain.reject(new Error('no chain')) }
}

describe('a viewing that was cut off', () => {
  it('is taken up for the account that it pays, once, while its advertiser waits', async () => {
    const { earner } = await openEarner(
      earningOf('01', { payee: other }),
      earningOf('02', { acceptedAtMs: nowMs - 11 * minuteMs }),
      earningOf('03', { affiliateBps: 2000 }),
    )
    const viewing = await earner.resume(mine)
    expect(viewing).toMatchObject({ viewing: hashOf('03'), rateWei: 4n, isRunning: true })
    const left = earner.follow(hashOf('03'))
    // Another page has it now.
    expect(await earner.resume(mine)).toBeUndefined()
    left()
    expect((await earner.resume(mine))?.viewing).toBe(hashOf('03'))
  })

  it('is not taken up again once it failed', async () => {
    const { earner, told, fail } = await openEarner(earningOf('01'))
    await earner.resume(mine)
    fail()
    await expect.poll(() => told.at(-1)?.isRunning).toBe(false)
    expect(await earner.resume(mine)).toBeUndefined()
  })

  it('is not taken up again once the person left it', async () => {
    const { earner } = await openEarner(earningOf('01'))
    earner.stop(hashOf('01'))
    expect(await earner.resume(mine)).toBeUndefined()
  })
})
