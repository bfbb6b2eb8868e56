import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import type { MessageNode } from '#network/message-node.ts'
import type { SettlePolicy } from '#payments/settle-policy.ts'
import type { Address } from '#std/brand.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Records } from '#std/ports/records.ts'

export type HostConfig = {
  readonly chainId: number
  /** Where fees are paid to. */
  readonly payout: Address
  /** Owners whose videos are offered to be kept. */
  readonly publishers: readonly Address[]
  /** Base units a byte below which nothing is kept or served. */
  readonly minimumFeeWei: bigint
  /** IP address and port of the data plane (port 0 takes a free one), and its URL as others reach it; none: bytes go by streams. */
  readonly dataPlane:
    | undefined
    | { readonly host: string; readonly port: number; readonly publicUrl?: string }
  /** Multiaddrs of relays that mail comes and goes by where no stream leads. */
  readonly relays: readonly string[]
  readonly settle: SettlePolicy
  /** How often escrows, videos and host lists are looked after. */
  readonly tickMs: number
}

export const defaultHostConfig: Omit<HostConfig, 'chainId' | 'payout' | 'publishers'> = {
  minimumFeeWei: 0n,
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

/** Something worth a line in the log. Never holds a secret. */
export type Notice = (event: string, details: Readonly<Record<string, string | number | boolean>>) => void

export type HostPorts = {
  readonly config: HostConfig
  readonly reader: ChainReader
  readonly writer: ChainWriter
  /** Runs under {@link HostPorts.nodeKey}. */
  readonly node: MessageNode
  readonly records: Records
  readonly blocks: Blocks
  readonly clock: Clock
  readonly random: Random
  /** Native where it can be: a busy host verifies thousands of receipts a second. */
  readonly crypto: Crypto
  /** The node's secret key, 32 bytes: its address is the payee of receipts. */
  readonly nodeKey: Uint8Array
  readonly notice: Notice
}
