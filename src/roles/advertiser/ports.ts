import type { MarketReader } from '#chain/market-reader.ts'
import type { MarketWriter } from '#chain/market-writer.ts'
import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import type { ViewerProfile } from '#market/viewer-profile.ts'
import type { MessageNode } from '#network/message-node.ts'
import type { Address } from '#std/brand.ts'
import type { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Records } from '#std/ports/records.ts'

/** What an advertiser is told to do. Everything has a default in {@link defaultAdvertiserConfig} but the chain's id. */
export type AdvertiserConfig = {
  readonly chainId: number
  /** How long acceptances are gathered for one batch on the chain; viewers wait for it. */
  readonly batchMs: number
  /** How long a bid is good. */
  readonly bidSeconds: number
  /** How often viewings that ended are settled, and ended campaigns reclaimed. */
  readonly tickMs: number
}

export const defaultAdvertiserConfig: Omit<AdvertiserConfig, 'chainId'> = {
  batchMs: 1_000,
  bidSeconds: 120,
  tickMs: 15_000,
}

/** Something worth a line in the log. Never holds a secret. */
export type Notice = (event: string, details: Readonly<Record<string, string | number | boolean>>) => void

/** What looking after campaigns needs, with or without a running daemon. */
export type CampaignPorts = {
  readonly config: Pick<AdvertiserConfig, 'chainId'>
  readonly reader: ChainReader
  readonly market: MarketReader
  readonly marketWriter: MarketWriter
  readonly records: Records
  readonly blocks: Blocks
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  /** The account that pays. 32 bytes. */
  readonly walletKey: Uint8Array
  /** Signs bids, proofs and greetings: the signer of campaigns. 32 bytes. */
  readonly nodeKey: Uint8Array
  readonly notice: Notice
}

export type AdvertiserPorts = CampaignPorts & {
  readonly config: AdvertiserConfig
  readonly writer: ChainWriter
  /** Runs under {@link CampaignPorts.nodeKey}. */
  readonly node: MessageNode
  /** What the chain shows of an account. */
  readonly profileOf: (account: Address, signal: AbortSignal) => Promise<ViewerProfile>
}

/** Details of an error fit for a notice. */
export const errorDetails = (error: ParatiiError) => ({ code: error.code, ...error.details })
