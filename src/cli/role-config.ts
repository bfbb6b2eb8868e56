import { bytesPerGigabyte, type Config } from '#daemon/settings.ts'
import type { PricingPolicy } from '#market/pricing.ts'
import type { SettlePolicy } from '#payments/settle-policy.ts'
import { defaultHostConfig, type HostConfig } from '#roles/host/ports.ts'
import { defaultPublisherConfig, type PublisherConfig } from '#roles/publisher/ports.ts'
import type { Address } from '#std/brand.ts'
import { chainConfigFrom } from './chain-access.ts'
import type { ServingRole } from './role-folder.ts'

/** What the publisher role is told, from the settings. */
export const publisherConfigFrom = (config: Config): PublisherConfig => ({
  ...defaultPublisherConfig,
  chainId: chainConfigFrom(config).chainId,
  hosts: config['publisher.hosts'],
  minimumRelayFeeWei: config['publisher.minimumRelayFee'],
  dataPlane: dataPlaneFrom(config, 'publisher'),
  relays: config['network.relays'],
  settle: policyFrom(config, defaultPublisherConfig.settle),
  tickMs: config['daemon.tickSeconds'] * 1000,
})

/** How bids by the second are answered; undefined where the publisher does not sell so. */
export const pricingFrom = (config: Config): PricingPolicy | undefined => {
  const perMinuteWei = config['publisher.perMinute']
  if (perMinuteWei === undefined) return undefined
  return {
    floorWei: ceilingOf(perMinuteWei, 60n),
    rule: config['publisher.pricing'],
    counters: 3,
    records: [],
  }
}

/** What the host role is told; the fees go to `account` unless the settings name another. */
export const hostConfigFrom = (config: Config, account: Address): HostConfig => ({
  ...defaultHostConfig,
  chainId: chainConfigFrom(config).chainId,
  payout: config['host.payout'] ?? account,
  publishers: config['host.publishers'],
  minimumFeeWei: ceilingOf(config['host.minimumFee'], bytesPerGigabyte),
  dataPlane: config['host.http'] === 'yes' ? dataPlaneFrom(config, 'host') : undefined,
  relays: config['network.relays'],
  settle: policyFrom(config, defaultHostConfig.settle),
  tickMs: config['daemon.tickSeconds'] * 1000,
})

/** Base units a byte of a fee in PTI a GB. */
export const storageFeeFrom = (weiPerGigabyte: bigint): bigint => ceilingOf(weiPerGigabyte, bytesPerGigabyte)

const dataPlaneFrom = (config: Config, role: ServingRole): PublisherConfig['dataPlane'] => {
  const publicUrl = config[`${role}.publicUrl`]
  return {
    host: config[`${role}.httpHost`],
    port: config[`${role}.httpPort`],
    ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/+$/, '') }),
  }
}

const policyFrom = (config: Config, standard: SettlePolicy): SettlePolicy => ({
  ...standard,
  batchCostWei: config['settle.batchCost'],
  receiptCostWei: config['settle.receiptCost'],
  worthTimes: BigInt(config['settle.worthTimes']),
  marginMs: config['settle.marginSeconds'] * 1000,
})

const ceilingOf = (amount: bigint, parts: bigint): bigint => (amount + parts - 1n) / parts
