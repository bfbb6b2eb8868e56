import { hexlify, Wallet } from 'ethers'
import { type ChainConfig, parseChainConfig } from '#chain/config.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { type ChainReader, createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { type ChainWriter, createChainWriter } from '#chain/writer.ts'
import type { Config } from '#daemon/settings.ts'
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
