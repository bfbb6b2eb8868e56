import { hexlify, Wallet } from 'ethers'
import { type ChainConfig, parseChainConfig } from '#chain/config.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createMarketReader, type MarketReader } from '#chain/market-reader.ts'
import { createMarketWriter, type MarketWriter } from '#chain/market-writer.ts'
import { readProfile } from '#chain/profile-reader.ts'
import { type ChainReader, createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { type ChainWriter, createChainWriter } from '#chain/writer.ts'
import type { Config } from '#daemon/settings.ts'
import type { ViewerProfile } from '#market/viewer-profile.ts'
import type { Address } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'

/** The deployment that is configured; `config-absent` says which settings lack. */
export const chainConfigFrom = (config: Config): ChainConfig => {
  const lacking = (['chain.id', 'chain.rpcUrl', 'chain.registry'] as const).filter(
    key => config[key] === undefined,
  )
  if (lacking.length > 0)
    throw new ParatiiError('config-absent', {
      advice: `Give ${lacking.join(', ')} by paratii config set, flags or environment.`,
    })
  return orThrow(
    parseChainConfig({
      chainId: config['chain.id'],
      rpcUrl: config['chain.rpcUrl'],
      registry: config['chain.registry'],
    }),
  )
}

/** A reader of the configured chain that was seen to be that chain. `chain-unreachable`, `chain-mismatch`. */
export const openChainReader = async (config: Config, signal: AbortSignal): Promise<ChainReader> => {
  const reader = createChainReader(chainConfigFrom(config))
  await reader.check(signal)
  return reader
}

/** A writer for the account of a wallet key, beside its reader. */
export const openChainWriter = async (
  config: Config,
  reader: ChainReader,
  walletKey: Uint8Array,
  signal: AbortSignal,
): Promise<ChainWriter> => {
  const { chainId, rpcUrl } = chainConfigFrom(config)
  const sender = createSender(connectRpc(rpcUrl), chainId, new Wallet(hexlify(walletKey)))
  return createChainWriter(await reader.addresses(signal), sender)
}

/** What a role of the market does with the chain. */
export type MarketAccess = {
  readonly market: MarketReader
  readonly marketWriter: MarketWriter
  readonly profileOf: (account: Address, signal: AbortSignal) => Promise<ViewerProfile>
}

/** The market on the configured chain, for the account of a wallet key. */
export const openMarket = async (
  config: Config,
  reader: ChainReader,
  walletKey: Uint8Array,
  signal: AbortSignal,
): Promise<MarketAccess> => {
  const { chainId, rpcUrl } = chainConfigFrom(config)
  const rpc = connectRpc(rpcUrl)
  const addresses = await reader.addresses(signal)
  return {
    market: createMarketReader(addresses, rpc),
    marketWriter: createMarketWriter(addresses, createSender(rpc, chainId, new Wallet(hexlify(walletKey)))),
    profileOf: (account, profileSignal) => readProfile(rpc, addresses, account, profileSignal),
  }
}
