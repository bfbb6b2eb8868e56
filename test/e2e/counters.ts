import { expect } from 'vitest'
import type { ChainConfig } from '#chain/config.ts'
import type { PlayerFrame } from '#devnet/pages/player.ts'
import type { PopupPage } from '#devnet/pages/popup.ts'
import { paidWei } from '#payments/purchase.ts'
import { parseFields } from '#protocol/fields.ts'
import { orderSchema } from '#protocol/order.ts'
import { orThrow } from '#std/error.ts'
import { readExtensionStore } from './extension-store.ts'

/** What the extension's own store says was signed: the newest receipts of its only purchase, as the chain would pay them. */
export async function signedWei({ page }: PopupPage, { chainId, registry }: ChainConfig): Promise<bigint> {
  const { rows: stored } = await readExtensionStore(page)
  const rows = (table: string) =>
    stored.flatMap(([database, key, value]) =>
      database === `paratii-${chainId}-${registry}` && Array.isArray(key) && key[0] === table
        ? [JSON.parse(String(value)) as Record<string, unknown>]
        : [],
    )
  const [purchase] = rows('viewer-purchases')
  const order = orThrow(parseFields(orderSchema, purchase?.order, 'store-failed'))
  const bytes: number[] = []
  for (const { leaf, bytes: counted } of rows('viewer-receipts')) bytes[Number(leaf)] = Number(counted)
  return paidWei(order, bytes)
}

/** While it plays the popup never shows more than was signed; once it stands still, both counters show all of it. */
export async function expectTrueCounters(
  popup: PopupPage,
  player: PlayerFrame,
  chain: ChainConfig,
): Promise<bigint> {
  for (let look = 0; look < 5; look++) {
    const shown = await popup.spendingPaidWei()
    expect(shown).toBeLessThanOrEqual(await signedWei(popup, chain))
  }
  await player.pause()
  let signed = 0n
  await expect
    .poll(async () => {
      const shown = await popup.spendingPaidWei()
      const metered = (await player.meter()).paidWei
      signed = await signedWei(popup, chain)
      return [shown, metered].every(amount => amount === signed)
    })
    .toBe(true)
  expect(signed).toBeGreaterThan(0n)
  await player.play()
  return signed
}
