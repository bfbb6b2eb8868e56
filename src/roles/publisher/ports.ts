import type { MarketReader } from '#chain/market-reader.ts'
import type { MarketWriter } from '#chain/market-writer.ts'
import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import type { PricingPolicy } from '#market/pricing.ts'
import type { ViewerProfile } from '#market/viewer-profile.ts'
import type { MessageNode } from '#network/message-node.ts'
import type { SettlePolicy } from '#payments/settle-policy.ts'
import type { Address, PublicKey } from '#std/brand.ts'
import type { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Records } from '#std/ports/records.ts'

/** What a publisher is told to do. Everything has a default in {@link defaultPublisherConfig} but the chain's id. */
export type PublisherConfig = {
  readonly chainId: number
  /** Hosts whose offers are taken: all, or those of these node keys. */
  readonly hosts: 'any' | readonly PublicKey[]
  /** Base units that an order must pay whoever submits it. */
  readonly minimumRelayFeeWei: bigint
  /** IP address and port of the data plane; port 0 takes a free one. */
  readonly dataPlane: { readonly host: string; readonly port: number; readonly publicUrl?: string }
  /** Multiaddrs of relays that mail comes and goes by where no stream leads. */
  readonly relays: readonly string[]
  readonly settle: SettlePolicy
  /** How often escrows, receipts and closes are looked after. */
  readonly tickMs: number
}

export const defaultPublisherConfig: Omit<PublisherConfig, 'chainId'> = {
  hosts: 'any',
  minimumRelayFeeWei: 0n,
  dataPlane: { host: '127.0.0.1', port: 0 },
  relays: [],
  settle: {
    batchCostWei: 10n ** 15n,
    receiptCostWei: 2n * 10n ** 14n,
    worthTimes: 10n,
    leastGainWei: 0n,
    marginMs: 3_600_000,
    maxReceipts: 200,
  },
  tickMs: 15_000,
}

/** What selling by the second needs besides what every publisher has. */
export type SecondsPorts = {
  readonly market: MarketReader
  readonly marketWriter: MarketWriter
  readonly pricing: PricingPolicy
  /** What the chain shows of an account. */
  readonly profileOf: (account: Address, signal: AbortSignal) => Promise<ViewerProfile>
  /** A channel in which nothing was wanted for so long is closed. */
  readonly idleMs: number
}

/** Something worth a line in the log. Never holds a secret. */
export type Notice = (event: string, details: Readonly<Record<string, string | number | boolean>>) => void

export type PublisherPorts = {
  readonly config: PublisherConfig
  readonly reader: ChainReader
  readonly writer: ChainWriter
  /** Runs under {@link PublisherPorts.nodeKey}. */
  readonly node: MessageNode
  readonly records: Records
  readonly blocks: Blocks
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  /** The wallet's secret key: names the mailbox, signs host lists. 32 bytes. */
  readonly walletKey: Uint8Array
  /** The node's secret key. 32 bytes. */
  readonly nodeKey: Uint8Array
  readonly notice: Notice
  /** Left out: bids by the second, and votes, are answered `unsupported`. */
  readonly seconds?: SecondsPorts
}

/** Who the publisher is: derived from its keys once. */
export type PublisherIdentity = {
  readonly owner: Address
  readonly mailbox: PublicKey
  readonly node: PublicKey
}

/** Details of an error fit for a notice. */
export const errorDetails = (error: ParatiiError) => ({ code: error.code, ...error.details })
